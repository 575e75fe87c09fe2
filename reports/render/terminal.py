"""The table for the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HEADS = ["mazes", "checkpoint", "n", "solved %", "95 % interval", "optimal", "lenient", "unread"]  # all in percent


def render(table: pd.DataFrame) -> str:
    """The accuracy table (see `reports.accuracy.table`) as text of at most 100 columns; a group is named once.

    The column of balanced accuracy is there only when some group has twins.
    """
    from tabulate import tabulate

    twins = table["balanced"].notna()
    heads = [*HEADS, "balanced"] if twins.any() else HEADS
    rows, last = [heads], None
    for row, has_twins in zip(table.itertuples(), twins, strict=True):
        group = row.group if row.group != last else ""
        if group and last:
            rows.append([""] * len(heads))
        last = row.group
        figures = [f"{value:.1f}" for value in (row.optimal, row.lenient, row.unreadable)]
        balanced = [f"{row.balanced:.1f}" if has_twins else ""] if twins.any() else []
        interval = f"{row.low:.1f} - {row.high:5.1f}"
        rows.append([group, row.checkpoint, row.n, f"{row.solved:.1f}", interval, *figures, *balanced])
    # the heads stand among the rows, because tabulate would make their columns wider by two
    rows.insert(1, ["-" * max(len(str(row[column])) for row in rows) for column in range(len(heads))])
    align = ("left", "left", *["right"] * (len(heads) - 2))
    return tabulate(rows, tablefmt="plain", colalign=align, disable_numparse=True)
