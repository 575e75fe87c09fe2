"""The options of `pytest benchmark` that say what comes out."""

from __future__ import annotations

import pytest

from . import gates, saved
from .comparison import MEASURES
from .render import FORMATS


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("labirinto", "mazes for language models (labirinto)")
    group.addoption(
        "--save",
        metavar="NAME",
        help="save the runs under this name, to `--compare` with; what had the name before keeps its date as its name "
        f"(default: each run is saved in {saved.FOLDER}/ by its date)",
    )
    group.addoption(
        "--compare",
        metavar="NAME",
        help="hold each checkpoint against its saved run of this name (or a file, or `latest`, or `baseline`), case by "
        "case; of only one run of that name, hold all against it",
    )
    group.addoption(
        "--fail-on",
        action="append",
        metavar="MEASURE:MARGIN",
        help="with --compare: fail where a measure is worse, not by chance, and by more than a margin in points: "
        f"accuracy:2%%, large:5%%, large.spl:3%% (measures: {', '.join(MEASURES)}; default: accuracy:0%%)",
    )
    group.addoption(
        "--show-changes", action="store_true", help="with --compare: name the mazes that broke and were fixed"
    )
    group.addoption(
        "--min-accuracy",
        type=gates.floors,
        action="append",
        metavar="GROUP=SHARE",
        help="fail where a checkpoint solved less of a group: small=90%%, all=80%%",
    )
    group.addoption(
        "--update-baseline",
        action="store_true",
        help=f"put what was measured into {saved.BASELINES}/CHECKPOINT.jsonl; what was not measured stays as it is",
    )
    group.addoption(
        "--mri",
        action="store_true",
        help="look inside: compare the activations of each fine-tune with those of its base (half a minute each), "
        "in a table, and in the page of --report html",
    )
    group.addoption(
        "--report",
        action="append",
        metavar="FORMAT[=PATH]",
        help=f"also give the report as {', '.join(FORMATS)}, to a file or the terminal; may be repeated",
    )
