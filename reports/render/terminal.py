"""The tables for the person at the terminal: plain text of at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from benchmark.mazes.printable import one_line
from reports.budget_curve import Curve
from reports.comparison import Comparison
from reports.leaderboard import Board
from reports.mri.result import Diff
from reports.report import Column

from . import activations
from .columns import (
    CHANGE_COLUMNS,
    accuracy_columns,
    board_columns,
    curve_columns,
    finished_columns,
    outcome_columns,
    table_rows,
    texts,
)

if TYPE_CHECKING:
    import pandas as pd

LEFT = ("rank", "mazes", "checkpoint", "measure", "verdict")  # all other columns are figures
SHOWN = 40  # changed mazes that are named


def render(table: pd.DataFrame, columns: Sequence[Column] = ()) -> str:
    """The accuracy table (see `reports.accuracy.table`), perhaps with more columns; a group is named once."""
    return _text([*accuracy_columns(table, has_finished=False), *columns], list(table_rows(table)))


def render_outcomes(table: pd.DataFrame) -> str:
    """The outcomes, in percent of the replies, and where some were cut off, the share solved of the others."""
    return _text([*outcome_columns(table), *finished_columns(table)], list(table_rows(table)))


def render_curves(curves: Sequence[Curve]) -> str:
    """The budget curves (see `reports.budget_curve`)."""
    return _text(curve_columns(curves), curves)


def render_samples(table: pd.DataFrame) -> str:
    """The table of several replies (see `reports.samples.table`)."""
    k = f"{table.k.min()}" if table.k.min() == table.k.max() else "k"
    heads = ["mazes", "checkpoint", "n", "k", "pass@1 %", f"pass@{k}", f"pass^{k}", "majority"]
    rows = [
        [
            row.group,
            one_line(row.checkpoint),
            row.n,
            row.k,
            *(f"{value:.1f}" for value in (row.one, row.any, row.all, row.majority)),
        ]
        for row in table_rows(table)
    ]
    align = ("left", "left", *["right"] * 6)
    return str(tabulate(rows, headers=heads, tablefmt="simple", colalign=align, disable_numparse=True))


def render_changes(comparison: Comparison, names_cases: bool = False) -> str:
    """A comparison: its rows, what was not compared, and with `names_cases` which mazes were fixed and broken."""
    parts = [_text(CHANGE_COLUMNS, comparison.rows), *sentences(comparison)]
    if names_cases:
        parts += [f"{word} ({len(cases)}): {_listed(cases)}" for word, cases in changed(comparison)]
    return "\n".join(parts)


def render_board(board: Board) -> str:
    """A leaderboard under its title."""
    return f"{one_line(board.title)}\n\n{_text(board_columns(board), board.entries)}"


def render_diff(diff: Diff) -> str:
    """The short table of a diff: each fine-tune's layers at the last token."""
    parts = [
        "\n".join(
            [
                activations.caption(diff, tuned),
                "",
                activations.tabulated(diff, tuned, "simple"),
                *activations.sentences(tuned),
            ]
        )
        for tuned in diff.tuned
    ]
    return "\n\n".join([*parts, *map(one_line, diff.notes)])


def sentences(comparison: Comparison) -> list[str]:
    """What a reader of a comparison should know beside its rows."""
    counted = [
        (comparison.new, "new"),
        (comparison.gone, "not asked this time"),
        (comparison.unscored, "without a reply in one run"),
    ]
    parts = [f"{count} {words}" for count, words in counted if count]
    lines = [f"not compared: {', '.join(parts)} (cases)"] if parts else []
    return lines + [f"warning: {one_line(warning)}" for warning in comparison.warnings]


def changed(comparison: Comparison) -> list[tuple[str, list[str]]]:
    return [("broken", comparison.broken), ("fixed", comparison.fixed)]


def _listed(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - SHOWN} more" if len(cases) > SHOWN else ""
    return (", ".join(cases[:SHOWN]) or "none") + more


def _text(columns: Sequence[Column], rows: Iterable[Any]) -> str:
    """A table whose first column names each group once, with an empty line before the next."""
    heads, last = [one_line(head) for head, _ in columns], None
    written: list[list[str]] = [heads]
    for row in rows:
        first, *rest = texts(columns, row)
        if last not in (None, first) and written[-1][0] == "":
            written.append([""] * len(heads))
        written.append(["" if first == last else first, *rest])
        last = first
    # the heads stand among the rows, because tabulate would make their columns wider by two
    written.insert(1, ["-" * max(len(row[column]) for row in written) for column in range(len(heads))])
    align = ["left" if head in LEFT else "right" for head in heads]
    return str(tabulate(written, tablefmt="plain", colalign=align, disable_numparse=True))
