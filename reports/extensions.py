"""The measures, formats and columns of a session, ours and those of hooks, and the options that name them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from benchmark.mazes.errors import LabirintoError

from . import saved
from .measures import MEASURES, Measure, as_measure
from .render import FORMATS, Format, as_format, parse_report_option
from .report import Column
from .verdict import Margins, parse_margins

T = TypeVar("T")


@dataclass
class Extensions:
    """The tables of a session."""

    measures: dict[str, Measure]
    formats: dict[str, Format]
    columns: list[Column]
    margins: Margins = field(default_factory=dict)
    """What `--fail-on` says."""
    minimums: dict[str, float] = field(default_factory=dict)
    """What `--min-accuracy` says."""
    reports: list[tuple[str, Path | None]] = field(default_factory=list)
    """What `--report` says."""


def gather(config: pytest.Config) -> Extensions:
    """The tables with what hooks add, and the options that name something of them. Raises UsageError for unknowns."""
    hook, option = config.hook, config.option
    measures = _merged(hook.pytest_labirinto_measures(config=config))
    formats = _merged(hook.pytest_labirinto_formats(config=config))
    extensions = Extensions(
        measures=MEASURES | {name: as_measure(measure) for name, measure in measures.items()},
        formats=FORMATS | {name: as_format(value) for name, value in formats.items()},
        columns=[column for columns in hook.pytest_labirinto_columns(config=config) for column in columns],
    )
    try:
        saved.check_name(option.save)
        for text in option.fail_on or []:
            extensions.margins |= parse_margins(text, extensions.measures)
        for minimums in option.min_accuracy or []:
            extensions.minimums |= minimums
        extensions.reports = [parse_report_option(text, extensions.formats) for text in option.report or []]
    except (ArgumentTypeError, LabirintoError) as error:
        raise pytest.UsageError(str(error)) from None
    return extensions


def _merged(tables: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {name: value for table in tables for name, value in table.items()}
