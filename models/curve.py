"""The training curve: what a trainer logged, kept beside the checkpoint as `curve.csv` and drawn as `curve.svg`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SHOWN = {"loss": "loss", "reward": "mean reward", "solved": "solved mazes, share"}
"""What is drawn of the log where it is there, and how it is called."""
POINTS = 100
"""At most so many of each are told of a checkpoint in a saved run."""


def write(log: Sequence[dict[str, Any]], target: Path) -> None:
    """Write both files: one line a step that logged something, and a picture of a panel for each of SHOWN."""
    import pandas as pd

    rows: dict[int, dict[str, Any]] = {}
    for entry in log:
        if "train_runtime" not in entry:  # the summary at the end
            rows.setdefault(entry["step"], {}).update(entry)
    frame = pd.DataFrame(rows[step] for step in sorted(rows))
    if frame.empty:
        return
    frame = frame[["step", *sorted(column for column in frame if column != "step")]]
    frame.to_csv(target / "curve.csv", index=False)

    from matplotlib.figure import Figure

    shown = [column for column in SHOWN if column in frame]
    if not shown:
        return
    figure = Figure(figsize=(4 * len(shown), 3), layout="constrained")
    for axes, column in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        drawn = frame[["step", column]].dropna()
        axes.plot(drawn["step"], drawn[column], color="#0072B2", marker="o" if len(drawn) < 20 else None)
        axes.set(xlabel="optimizer step", title=SHOWN[column])
        if column != "loss":
            axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target / "curve.svg", metadata={"Date": None})


def read(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Step and value of each of SHOWN that a checkpoint's curve has, evenly thinned to POINTS; empty without one."""
    try:
        with (folder / "curve.csv").open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        found = {name: [(float(row["step"]), float(row[name])) for row in rows if row.get(name)] for name in SHOWN}
    except (OSError, ValueError, KeyError):
        return {}
    return {name: points[:: -(-len(points) // POINTS)] for name, points in found.items() if points}
