"""What makes a session red: a drop beyond a margin (`--fail-on`), or too small a share of solved mazes.

--fail-on accuracy:2%           over all cases, worse by more than 2 points, and not by chance
--fail-on large:5%,spl:3%       in the large tier; and by another measure over all cases
--fail-on large.optimal:5%      by another measure in one tier
--min-accuracy small=90%        at least so many of the small tier solved, whatever was before
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Collection, Mapping

from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.suite import group_names

from .comparison import ALL, MEASURES
from .run import Line

Margins = dict[tuple[str, str], float]
"""The drop that is allowed, a share of 1, by measure and group."""


def margins(text: str, measures: Collection[str] = tuple(MEASURES)) -> Margins:
    """What `--fail-on` says. Raises ArgumentTypeError, listing what there is, where it says nothing."""
    found: Margins = {}
    for part in text.split(","):
        name, colon, share = part.strip().partition(":")
        first, _, second = name.partition(".")
        if not colon:
            raise ArgumentTypeError(f"{part!r} names no margin: write it as accuracy:2%")
        if name in measures:
            measure, group = name, ALL
        elif first in group_names() and (second or "accuracy") in measures:
            measure, group = second or "accuracy", first
        else:
            raise ArgumentTypeError(
                f"{name!r} is neither a measure ({', '.join(measures)}) nor a group ({', '.join(group_names())}) nor "
                "GROUP.MEASURE"
            )
        found[measure, group] = _share(share)
    return found


def floors(text: str) -> dict[str, float]:
    """What `--min-accuracy` says: shares of 1 by group. Raises ArgumentTypeError as above."""
    found = {}
    for part in text.split(","):
        group, equals, share = part.strip().partition("=")
        if not equals or (group != ALL and group not in group_names()):
            raise ArgumentTypeError(
                f"{part!r} is no floor: write it as small=90%; there are {ALL}, {', '.join(group_names())}"
            )
        found[group] = _share(share)
    return found


def _share(text: str) -> float:
    try:
        share = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not text.strip().endswith("%") or not 0 <= share <= 1:
        raise ArgumentTypeError(f"{text!r} is no share: write a number of percent from 0% to 100%, such as 2%")
    return share


def below(lines: Mapping[str, list[Line]], wanted: Mapping[str, float]) -> list[str]:
    """What is below its floor, a sentence each; a group that was not measured is too."""
    found = []
    for name, run in lines.items():
        for group, floor in wanted.items():
            here = [line.outcome in SOLVED for line in run if group in (ALL, line.group) and line.outcome != "error"]
            share = sum(here) / len(here) if here else 0.0
            if not here:
                found.append(f"{name} solved none of {group}: nothing of it was measured")
            elif share < floor:
                counted = f"{100 * share:.1f} % of {group} ({sum(here)} of {len(here)})"
                found.append(f"{name} solved {counted}, below {100 * floor:g} %")
    return found
