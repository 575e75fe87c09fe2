"""Writes the training curve of a checkpoint, `curve.csv` and `curve.svg`, from the log of a trainer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from .curve import SHOWN


def write(log: Sequence[dict[str, Any]], target: Path) -> None:
    """Write both files into `target`: one row per logged step, and one panel per column of SHOWN."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in log:
        if "train_runtime" not in entry:  # the summary at the end
            rows.setdefault(entry["step"], {}).update(entry)
    frame = pd.DataFrame(rows[step] for step in sorted(rows))
    if frame.empty:
        return
    frame = frame[["step", *sorted(str(column) for column in frame if column != "step")]]
    frame.to_csv(target / "curve.csv", index=False)

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
