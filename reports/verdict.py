"""What is asked of a session beyond its tables: to be compared, and to reach something."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmark.mazes.errors import RunError

from . import gates, saved
from .comparison import Comparison, Measure, compare
from .run import Run


def against(
    runs: Mapping[str, Run], name: str, margins: gates.Margins, measures: Mapping[str, Measure], root: Path
) -> tuple[dict[str, tuple[str, Comparison]], list[str]]:
    """Each run compared with the saved one of that name, and a sentence for each that could not be."""
    compared, refused = {}, []
    for checkpoint, run in runs.items():
        try:
            file, before = saved.find(root, name, checkpoint)
            shown = file.relative_to(root) if file.is_relative_to(root) else file
            compared[checkpoint] = (str(shown), compare(before, run, margins, measures))
        except RunError as error:
            refused.append(f"{checkpoint} was not compared with {name}: {error}")
    return compared, refused


def red(compared: Mapping[str, tuple[str, Comparison]], asked: gates.Margins) -> list[str]:
    """Why the session fails: a sentence for each gated row that is worse."""
    found = []
    for name, (file, comparison) in compared.items():
        groups = {row.group for row in comparison.rows}
        for row in comparison.rows:
            is_gated = (row.measure, row.group) in asked or ("all" not in groups and (row.measure, "all") in asked)
            if row.verdict == "worse" and is_gated:
                found.append(
                    f"{name} is worse than {file} in {row.measure} of {row.group}: {100 * row.before:.1f} to "
                    f"{100 * row.after:.1f} % of {row.n}, a drop of {-100 * row.change:.1f} points "
                    f"[{-100 * row.high:.1f}, {-100 * row.low:.1f}], p = {row.p:.2g}, allowed {100 * row.margin:g}"
                )
    return found
