"""One file a format: each has `render(report) -> str`."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.mazes.atomic import replace_text
from benchmark.mazes.errors import RunError

if TYPE_CHECKING:
    from reports.report import Report

Format = Callable[["Report"], str]


def _ours(module: str, name: str) -> Format:
    def write(report: Report) -> str:
        return str(import_module(f"{__name__}.{module}").render(report, name))

    return write


FORMATS: dict[str, Format] = {
    name: _ours(name.partition("-")[0], name) for name in ("csv", "html", "json", "latex", "latex-pt", "markdown")
}
"""What `--report` knows."""


def chosen(text: str, formats: Collection[str] = tuple(FORMATS)) -> tuple[str, Path | None]:
    """What `--report FORMAT[=PATH]` says. Raises ArgumentTypeError, listing the formats, where there is none."""
    name, _, path = text.partition("=")
    if name not in formats:
        raise ArgumentTypeError(f"no format {name!r}: there are {', '.join(formats)}")
    if name == "html" and not path:
        path = "report.html"  # a page is nothing for a terminal
    return name, Path(path).expanduser() if path else None


def save(text: str, path: Path) -> None:
    """Write a report beside `path` and rename it into place. Raises RunError where that cannot be done."""
    try:
        replace_text(path, text)
    except OSError as error:
        raise RunError(f"cannot write the report {path}: {error.strerror}") from error
