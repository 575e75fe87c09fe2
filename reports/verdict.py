"""What makes a session fail: a drop beyond a margin (`--fail-on`), or too small a share of solved mazes.

--fail-on accuracy:2%           over all cases, worse by more than 2 points, and not by chance
--fail-on large:5%,spl:3%       in the large tier; and by another measure over all cases
--fail-on large.optimal:5%      by another measure in one tier
--min-accuracy small=90%        at least so many of the small tier solved, whatever was before
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Collection, Mapping
from pathlib import Path

from benchmark.mazes.errors import RunError
from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.suite import group_names

from . import saved
from .comparison import ALL, Comparison, compare
from .measures import MEASURES, Measure
from .run import Run
from .schema import Record

Margins = dict[tuple[str, str], float]
"""The drop that is allowed, a share of 1, by measure and group."""


def parse_margins(text: str, measures: Collection[str] = MEASURES) -> Margins:
    """What `--fail-on` says. Raises ArgumentTypeError, listing what there is, where it says nothing."""
    margins: Margins = {}
    for part in text.split(","):
        name, colon, share = part.strip().partition(":")
        first, _, second = name.partition(".")
        if not colon:
            raise ArgumentTypeError(f"{part!r} has no margin: write it as accuracy:2%")
        if name in measures:
            measure, group = name, ALL
        elif first in group_names() and (second or "accuracy") in measures:
            measure, group = second or "accuracy", first
        else:
            raise ArgumentTypeError(
                f"{name!r} is neither a measure ({', '.join(measures)}) nor a group ({', '.join(group_names())}) nor "
                "GROUP.MEASURE"
            )
        margins[measure, group] = _share(share)
    return margins


def parse_minimums(text: str) -> dict[str, float]:
    """What `--min-accuracy` says: shares of 1 by group. Raises ArgumentTypeError as above."""
    minimums = {}
    for part in text.split(","):
        group, equals, share = part.strip().partition("=")
        if not equals or (group != ALL and group not in group_names()):
            raise ArgumentTypeError(
                f"{part!r} is no minimum: write it as small=90%; there are {ALL}, {', '.join(group_names())}"
            )
        minimums[group] = _share(share)
    return minimums


def _share(text: str) -> float:
    try:
        share = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not text.strip().endswith("%") or not 0 <= share <= 1:
        raise ArgumentTypeError(f"{text!r} is no share: write a percentage from 0% to 100%, such as 2%")
    return share


def find_below_minimum(records: Mapping[str, list[Record]], minimums: Mapping[str, float]) -> list[str]:
    """A sentence for each group that is below its minimum; a group that was not measured is too."""
    reasons = []
    for name, run in records.items():
        for group, minimum in minimums.items():
            scored = [record for record in run if group in (ALL, record.group) and record.outcome != "error"]
            solved = sum(record.outcome in SOLVED for record in scored)
            share = solved / len(scored) if scored else 0.0
            if not scored:
                reasons.append(f"{name} solved none of {group}: nothing of it was measured")
            elif share < minimum:
                counted = f"{100 * share:.1f} % of {group} ({solved} of {len(scored)})"
                reasons.append(f"{name} solved {counted}, below {100 * minimum:g} %")
    return reasons


def compare_with_saved(
    runs: Mapping[str, Run], name: str, margins: Margins, measures: Mapping[str, Measure], root: Path
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


def find_drops(compared: Mapping[str, tuple[str, Comparison]], margins: Margins) -> list[str]:
    """Why the session fails: a sentence for each gated row that is worse."""
    reasons = []
    for name, (file, comparison) in compared.items():
        groups = {row.group for row in comparison.rows}
        for row in comparison.rows:
            is_gated = (row.measure, row.group) in margins or (ALL not in groups and (row.measure, ALL) in margins)
            if row.verdict == "worse" and is_gated:
                reasons.append(
                    f"{name} is worse than {file} in {row.measure} of {row.group}: {100 * row.before:.1f} to "
                    f"{100 * row.after:.1f} % of {row.n}, a drop of {-100 * row.change:.1f} points "
                    f"[{-100 * row.high:.1f}, {-100 * row.low:.1f}], p = {row.p:.2g}, allowed {100 * row.margin:g}"
                )
    return reasons
