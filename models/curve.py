"""Reads the training curve of a checkpoint from its file `curve.csv`."""

from __future__ import annotations

import csv
from pathlib import Path

SHOWN = {"loss": "loss", "reward": "mean reward", "solved": "solved mazes, share"}
"""The columns that are drawn if the log has them, and their titles."""
POINTS = 100
"""The largest number of points of a column in a saved run."""


def read(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """By column of SHOWN: step and value, evenly thinned to POINTS; empty if there is no curve that can be read."""
    try:
        with (folder / "curve.csv").open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        curves = {name: [(float(row["step"]), float(row[name])) for row in rows if row.get(name)] for name in SHOWN}
    except (OSError, ValueError, KeyError):
        return {}
    return {name: points[:: -(-len(points) // POINTS)] for name, points in curves.items() if points}
