"""The table for the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HEADS = ["tier", "checkpoint", "n", "solved %", "95 % interval", "optimal %", "unreadable %"]


def render(table: pd.DataFrame) -> str:
    """The accuracy table (see `reports.accuracy.table`) as text of at most 100 columns; a tier is named once."""
    from tabulate import tabulate

    rows, last = [], None
    for row in table.itertuples():
        interval = f"{row.low:5.1f} - {row.high:5.1f}"
        tier = row.tier if row.tier != last else ""
        if tier and last:
            rows.append([""] * len(HEADS))
        last = row.tier
        figures = [f"{value:.1f}" for value in (row.optimal, row.unreadable)]
        rows.append([tier, row.checkpoint, row.n, f"{row.solved:.1f}", interval, *figures])
    align = ("left", "left", *["right"] * 5)
    return tabulate(rows, headers=HEADS, colalign=align, disable_numparse=True)
