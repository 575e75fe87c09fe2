"""The options of `pytest benchmark` about runs and reports, and the texts that `python -m reports` shares."""

from __future__ import annotations

import pytest

from . import saved
from .measures import MEASURES
from .render import FORMATS
from .verdict import parse_minimums

RUN_HELP = f"a file, a name from --save, `{saved.LATEST}` or `{saved.BASELINE}`"


def fail_on_help() -> str:
    """How `--fail-on` is written, for argparse, with all measures."""
    measures = "; ".join(f"{name}: {measure.summary}" for name, measure in MEASURES.items())
    return (
        "the largest drop that is allowed, in points: accuracy:2%%, large:5%%, large.spl:3%%; the default is "
        f"accuracy:0%%. Measures: {_escape(measures)}"
    )


def report_help() -> str:
    """The formats, for argparse."""
    return _escape("; ".join(f"{name}: {value.summary}" for name, value in FORMATS.items()))


def _escape(text: str) -> str:
    return text.replace("%", "%%")


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("labirinto-reports", "Labirinto: reports")
    group.addoption(
        "--save",
        metavar="NAME",
        help="save the runs under this name, for `--compare`; an earlier run of the same name is renamed to its date "
        f"(default: save each run in {saved.FOLDER}/ under its date)",
    )
    group.addoption(
        "--compare",
        metavar="NAME",
        help=f"compare each checkpoint with its saved run, case by case: {RUN_HELP}. If only one run has the name, "
        "compare all checkpoints with it",
    )
    group.addoption(
        "--fail-on",
        action="append",
        metavar="MEASURE:MARGIN",
        help=f"with --compare: fail if a measure is significantly worse by more than a margin. {fail_on_help()}",
    )
    group.addoption(
        "--show-changes", action="store_true", help="with --compare: list the mazes that were broken and fixed"
    )
    group.addoption(
        "--min-accuracy",
        type=parse_minimums,
        action="append",
        metavar="GROUP=SHARE",
        help="fail if a checkpoint solves a smaller share of a group, for example small=90%% or all=80%%",
    )
    group.addoption(
        "--update-baseline",
        action="store_true",
        help=f"write the results to {saved.BASELINES}/CHECKPOINT.jsonl; cases that did not run stay as they are",
    )
    group.addoption(
        "--mri",
        action="store_true",
        help="compare the activations of each fine-tune with those of its base (half a minute each): a table, and a "
        "section of --report html",
    )
    group.addoption(
        "--report",
        action="append",
        metavar="FORMAT[=PATH]",
        help=f"also write a report, to a file or the terminal; may be given several times. {report_help()}",
    )
