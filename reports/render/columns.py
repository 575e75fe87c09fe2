"""The columns of the tables for people, the same in each format: a head, and how a row's value is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.mazes.outcomes import OUTCOMES
from benchmark.mazes.printable import one_line
from reports.accuracy import ROUNDING
from reports.budget_curve import Curve
from reports.comparison import ALPHA, Change
from reports.leaderboard import Board, Entry
from reports.report import Column

if TYPE_CHECKING:
    import pandas as pd


def _percent(name: str) -> Callable[[Any], str]:
    return lambda row: f"{getattr(row, name):.1f}"


def table_rows(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, whose columns are their attributes: pandas has no types for them."""
    return iter(table.itertuples())


def texts(columns: Sequence[Column], row: Any) -> list[str]:
    """What stands in the cells of a row, each of it in one line that a terminal may show."""
    return [one_line(write(row)) for _, write in columns]


def accuracy_columns(table: pd.DataFrame, has_finished: bool = True) -> list[Column]:
    """Those of `reports.accuracy.table`; where some group has twins, balanced accuracy in the place of `unreadable`.

    `has_finished` is whether those of `finished_columns` are among them, for which a terminal has no room.
    """
    columns: list[Column] = [
        ("mazes", lambda row: row.group),
        ("checkpoint", lambda row: row.checkpoint),
        ("n", lambda row: str(row.n)),
        ("solved %", _percent("solved")),
        ("95 % interval", lambda row: f"{row.low:.1f} - {row.high:5.1f}"),
        *(finished_columns(table) if has_finished else []),
        ("optimal", _percent("optimal")),
        ("SPL", _percent("spl")),
        ("lenient", _percent("lenient")),
    ]
    if len(table) and table["balanced"].notna().any():
        return [*columns, ("balanced", lambda row: f"{row.balanced:.1f}" if row.balanced == row.balanced else "")]
    return [*columns, ("unreadable", _percent("unreadable"))]


def finished_columns(table: pd.DataFrame) -> list[Column]:
    """The share solved of the replies that were not cut off, its interval, and their number; none if none was."""
    if not len(table) or not (table["finished"] < table["n"] - ROUNDING).any():
        return []
    return [
        ("of finished %", lambda row: f"{row.solved_finished:.1f}" if row.finished else "-"),
        ("its interval", lambda row: f"{row.finished_low:.1f} - {row.finished_high:5.1f}" if row.finished else "-"),
        ("finished", lambda row: f"{row.finished:.4g}"),
    ]


def outcome_columns(table: pd.DataFrame) -> list[Column]:
    """The outcomes, in percent of the replies; only those that there are."""
    columns: list[Column] = [("mazes", lambda row: row.group), ("checkpoint", lambda row: row.checkpoint)]
    for outcome in OUTCOMES:
        name = f"outcome_{outcome.replace('-', '_')}"
        if outcome != "error" and len(table) and table[name].any():
            columns.append((outcome.replace("-", " ").replace("unreachable", "no path"), _percent(name)))
    if len(table) and table["errors"].any():
        columns.append(("error (n)", lambda row: str(row.errors)))
    return columns


def curve_columns(curves: Sequence[Curve]) -> list[Column]:
    """Those of budget curves, all with the same budgets: the mazes solved within each, in percent."""

    def make_column(at: int) -> Callable[[Curve], str]:
        return lambda curve: f"{100 * curve.points[at].solved:.1f}"

    budgets = [point.budget for point in curves[0].points] if curves else []
    return [
        ("mazes", lambda curve: curve.group),
        ("checkpoint", lambda curve: curve.checkpoint),
        ("n", lambda curve: str(curve.n)),
        *((str(budget), make_column(at)) for at, budget in enumerate(budgets)),
        ("never ended", lambda curve: f"{100 * curve.never_ended:.1f}"),
    ]


CURVES = "Solved within a budget of so many tokens (% of mazes)"
"""The title of the table of budget curves."""
CHANGE_COLUMNS: Sequence[Column] = (
    ("mazes", lambda row: row.name),
    ("n", lambda row: str(row.n)),
    ("after", lambda row: f"{100 * row.after:.1f}"),
    ("change, 95 % interval", lambda row: _change(row)),
    ("broke/fixed", lambda row: f"{row.broke}/{row.fixed}"),
    ("p", lambda row: _chance(row.p)),
    ("detectable", lambda row: "-" if row.seen is None else f"{-100 * row.seen:.1f}"),
    ("verdict", lambda row: row.verdict),
)
"""Those of a comparison, shares in percent."""


def _chance(p: float) -> str:
    if 0.045 < p < 0.055:  # rounded to 0.05, it would not be seen on which side it is
        return f"{p:.3f}" if abs(p - ALPHA) >= 0.0005 else f"{'<' if p < ALPHA else '>'}0.05"
    return f"{p:.1g}" if p < 0.1 else f"{p:.2f}"


def _change(row: Change) -> str:
    low, high = (f"{100 * end:+.1f}" if abs(end) < 10 else "-" for end in (row.low, row.high))
    return f"{100 * row.change:+.1f} [{low}, {high}]"


def board_columns(board: Board) -> list[Column]:
    """Those of a leaderboard."""

    def make_column(tier: str) -> Callable[[Entry], str]:
        return lambda entry: f"{100 * entry.tiers[tier]:.1f}"

    return [
        ("rank", lambda entry: str(entry.rank)),
        ("checkpoint", lambda entry: entry.name),
        ("solved %", lambda entry: f"{100 * entry.solved:.1f}"),
        ("95 % interval", lambda entry: f"{100 * entry.low:.1f} - {100 * entry.high:5.1f}"),
        ("optimal", lambda entry: f"{100 * entry.optimal:.1f}"),
        *((tier, make_column(tier)) for tier in board.tiers if len(board.tiers) > 1),
        ("n", lambda entry: str(entry.n)),
        ("tokens", lambda entry: f"{entry.tokens:.0f}"),
        ("s/maze", lambda entry: "" if entry.seconds is None else f"{entry.seconds:.2g}"),
    ]
