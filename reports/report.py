"""What a report is made of, whatever its format: the runs, their table, and what they were compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import fmean
from typing import TYPE_CHECKING, Any

from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.printable import encodable, one_line
from benchmark.mazes.suite import find_suite

from . import accuracy, budget_curve, samples
from .budget_curve import Curve
from .comparison import Comparison
from .run import Run
from .statistics import length_scale

if TYPE_CHECKING:
    import pandas as pd

    from .mri.result import Diff

LENGTHS = 5
"""Different lengths of path without which nothing is said of how accuracy falls with it."""
Column = tuple[str, Callable[[Any], str]]


@dataclass(frozen=True)
class Report:
    """One session, or some saved runs; see `build_report`."""

    runs: Mapping[str, Run]
    """By the name of the checkpoint."""
    table: pd.DataFrame
    """See `reports.accuracy.table`."""
    samples: pd.DataFrame
    """See `reports.samples.table`."""
    compared: Mapping[str, tuple[str, Comparison]] = field(default_factory=dict)
    """By the name of the checkpoint: what it was compared with, and what came of it."""
    notes: list[str] = field(default_factory=list)
    """What else a reader should know, a sentence each."""
    columns: Sequence[Column] = ()
    """Columns that others have added to the table for people: a head, and the text for a row."""
    diffs: Sequence[Diff] = ()
    """What fine-tuning changed inside, where that was asked for (`--mri`)."""
    curves: Sequence[Curve] = ()
    """See `reports.budget_curve.curves`."""


def build_report(
    runs: Mapping[str, Run],
    compared: Mapping[str, tuple[str, Comparison]] | None = None,
    columns: Sequence[Column] = (),
    diffs: Sequence[Diff] = (),
) -> Report:
    """The report of these runs. Names that UTF-8 cannot encode, which pandas refuses, are mended."""
    runs = {encodable(name): run for name, run in runs.items()}
    compared = {encodable(name): comparison for name, comparison in (compared or {}).items()}
    records = {name: run.records for name, run in runs.items()}
    suite = next((run.suite for run in runs.values()), find_suite(None))
    notes = []
    for checkpoint, run in runs.items():
        name = one_line(checkpoint)
        notes += _decay(name, run) + _read(name, run)
        if lost := sum(record.outcome == "error" for record in run.records):
            notes.append(f"{name}: {lost} of {len(run.records)} cases have no reply (error), and are not counted")
        if flips := run.metadata.engine.flips:
            notes.append(
                f"{name}: of {flips.replies} replies {flips.changed} changed in {flips.runs} runs, and "
                f"{flips.outcomes_changed} outcomes"
            )
    return Report(
        runs,
        accuracy.table(records, suite),
        samples.table(records),
        compared,
        notes,
        columns,
        diffs,
        budget_curve.curves(runs),
    )


def _decay(name: str, run: Run) -> list[str]:
    """Over which length of path the share of solved mazes falls by a factor e."""
    tries: dict[tuple[str, str, int], list[bool]] = {}
    for record in run.records:
        if record.group in run.suite.tiers and record.shortest and record.outcome != "error":
            tries.setdefault((record.group, record.case, record.shortest), []).append(record.outcome in SOLVED)
    paths = [(length, fmean(solved)) for (*_, length), solved in tries.items()]
    if len({length for length, _ in paths}) < LENGTHS or not any(solved for _, solved in paths):
        return []
    scale, low, high = length_scale(paths)
    if scale == inf:
        return [f"{name}: solved all; its length scale is at least {low:,.0f} moves (95 %)"]
    interval = f"(95 %: {low:,.0f} to {high:,.0f})"
    return [f"{name}: solved falls by a factor e over {scale:,.0f} moves of the shortest path {interval}"]


def _read(name: str, run: Run) -> list[str]:
    """How its tokenizer sees a drawing."""
    tokenizer = run.metadata.tokenizer
    if tokenizer is None:
        return []
    same = tokenizer.fewest == tokenizer.most
    rows = f"{tokenizer.fewest}" if same else f"{tokenizer.fewest} to {tokenizer.most}"
    align = "align" if tokenizer.is_aligned else "do not align"
    return [f"{name}: reads a row of an 8x8 drawing as {rows} tokens, and columns {align}"]
