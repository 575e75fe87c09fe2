"""Everything that draws: one file a format, each with a function from a `Report` to a text.

A new format is a file and a line in FORMATS; a plugin adds one by `pytest_labirinto_formats`.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmark.mazes.atomic import replace_text
from benchmark.mazes.errors import RunError
from reports.report import Report


@dataclass(frozen=True)
class Format:
    """What a report can be written as."""

    summary: str
    """What it holds, for help and docs."""
    write: Callable[[Report], str]
    default_path: str | None = None
    """Where it goes without `=PATH`; None is the terminal."""


def _load(module: str, function: str = "render") -> Callable[[Report], str]:
    """A function of this package whose module is imported when it is called, because charts take a while to load."""

    def write(report: Report) -> str:
        return str(getattr(import_module(f"{__name__}.{module}"), function)(report))

    return write


FORMATS: dict[str, Format] = {
    "csv": Format("the accuracy table with every column", _load("csv")),
    "html": Format("one page with tables, charts and every maze", _load("html"), default_path="report.html"),
    "json": Format("all tables, comparisons and provenances", _load("json")),
    "latex": Format("the accuracy table for a paper (booktabs)", _load("latex")),
    "latex-pt": Format("the same in Portuguese", _load("latex", "render_portuguese")),
    "markdown": Format("the tables for an issue or a CI summary", _load("markdown")),
}
"""What `--report` knows."""


def as_format(value: Format | Callable[[Report], str]) -> Format:
    """What a plugin has added, which may be a function alone."""
    return value if isinstance(value, Format) else Format("", value)


def parse_report_option(text: str, formats: dict[str, Format] | None = None) -> tuple[str, Path | None]:
    """What `--report FORMAT[=PATH]` says. Raises ArgumentTypeError, listing the formats, where there is none."""
    formats = FORMATS if formats is None else formats
    name, _, path = text.partition("=")
    if name not in formats:
        raise ArgumentTypeError(f"no format {name!r}: there are {', '.join(formats)}")
    path = path or formats[name].default_path or ""
    try:
        return name, Path(path).expanduser() if path else None
    except RuntimeError as error:  # ~nobody
        raise ArgumentTypeError(str(error)) from None


def save(text: str, path: Path) -> None:
    """Write a report beside `path` and rename it into place. Raises RunError where that cannot be done."""
    try:
        replace_text(path, text)
    except OSError as error:
        raise RunError(f"cannot write the report {path}: {error.strerror}") from error
