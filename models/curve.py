"""The training curve of a checkpoint, read from the `curve.csv` beside it."""

from __future__ import annotations

import csv
from pathlib import Path

SHOWN = {"loss": "loss", "reward": "mean reward", "solved": "solved mazes, share"}
"""What is drawn of the log where it is there, and how it is called."""
POINTS = 100
"""At most so many of each are told of a checkpoint in a saved run."""


def read(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Step and value of each of SHOWN that a checkpoint's curve has, evenly thinned to POINTS; empty without one."""
    try:
        with (folder / "curve.csv").open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        found = {name: [(float(row["step"]), float(row[name])) for row in rows if row.get(name)] for name in SHOWN}
    except (OSError, ValueError, KeyError):
        return {}
    return {name: points[:: -(-len(points) // POINTS)] for name, points in found.items() if points}
