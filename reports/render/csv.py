"""The accuracy table as CSV: every column of `reports.accuracy.table`, shares in percent.

With budget curves (`reports.budget_curve`) come columns `solved_within_N`, for N tokens.

A spreadsheet takes a cell that begins with one of `=+-@` for a formula and calculates it. A text that begins so (the
name of a checkpoint may) is written with `'` before it, and so is one that begins with `'`: taking one `'` off the
beginning of a text gives back what it was. Numbers are written as they are.
"""

from __future__ import annotations

from typing import Any

from benchmark.mazes.printable import one_line
from reports.report import Report

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "'")  # noqa: RUF001 - some spreadsheets take full-width signs too


def render(report: Report) -> str:
    """The whole table, each number with ten digits."""
    table = report.table.copy()
    for at, budget in enumerate(point.budget for point in next(iter(report.curves)).points) if report.curves else ():
        solved = {(curve.group, curve.checkpoint): 100 * curve.points[at].solved for curve in report.curves}
        table[f"solved_within_{budget}"] = list(map(solved.get, zip(table.group, table.checkpoint, strict=True)))
    return str(table.map(_cell).to_csv(index=False, lineterminator="\n", float_format="%.10g"))


def _cell(value: Any) -> Any:
    return escape(value) if isinstance(value, str) else value


def escape(text: str) -> str:
    """A text, in one line, that no spreadsheet takes for a formula."""
    line = one_line(text)
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line
