"""The budget curve: the share of mazes solved by replies of at most so many tokens, from one generation.

A reply counts as solved within a budget if it is solved and has at most that many tokens. Engines end a reply with the
line of its answer where no reasoning is asked, and with reasoning the answer comes last: in both cases no shorter
beginning of a solved reply holds its answer, so that the curve is what a lower token limit would have given. Where an
engine goes on after the answer (`--early-stop off`), the curve is a lower bound. The token that ends a reply is not
counted.

Replies that were cut off before their answer was whole never end: they are solved within no budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from benchmark.mazes.outcomes import CUT_OFF, SOLVED
from benchmark.mazes.suite import group_names

from .run import Run
from .schema import Record
from .statistics import wilson

SMALLEST = 8
"""The smallest budget, in tokens."""
FEWEST_BUDGETS = 3
"""With fewer, replies are all short, and there is no curve."""
MOST_BUDGETS = 8
"""Budgets are powers of 2, or, where these would be more, powers of 4."""


@dataclass(frozen=True)
class Point:
    """What a token budget gives; shares of 1."""

    budget: int
    solved: float
    low: float
    """The Wilson interval of solved."""
    high: float
    ended: float
    """The share of replies that end within the budget, solved or not."""


@dataclass(frozen=True)
class Curve:
    """The budget curve of a checkpoint in a group. A case with several replies counts once, with their mean."""

    group: str
    checkpoint: str
    n: int
    """Cases."""
    never_ended: float
    """The share of replies that were cut off before their answer was whole, by the limit or in a loop."""
    points: Sequence[Point]

    def as_dict(self) -> dict[str, Any]:
        """The curve as JSON, shares in percent as in the accuracy table."""
        return {
            "group": self.group,
            "checkpoint": self.checkpoint,
            "n": self.n,
            "never_ended": 100 * self.never_ended,
            "points": [
                {"budget": point.budget}
                | {name: 100 * getattr(point, name) for name in ("solved", "low", "high", "ended")}
                for point in self.points
            ],
        }


def curves(runs: Mapping[str, Run]) -> list[Curve]:
    """Return the curves of the runs whose reply lengths say something, by group, all with the same budgets.

    These are the runs of third-party models, and those with reasoning: our own family replies with a search whose
    length the maze decides, and agents do not reply in tokens.
    """
    chosen = {name: _scored(run.records) for name, run in runs.items() if _is_of_interest(run)}
    budgets = choose_budgets([record.tokens for records in chosen.values() for record in records])
    found = []
    for group in group_names():
        for name, records in chosen.items():
            if of_group := [record for record in records if record.group == group]:
                found.append(build_curve(group, name, of_group, budgets))
    varies = len(budgets) >= FEWEST_BUDGETS and any(curve.points[0].ended < curve.points[-1].ended for curve in found)
    return found if varies else []


def build_curve(group: str, checkpoint: str, records: Sequence[Record], budgets: Sequence[int]) -> Curve:
    """Return the curve of the records of one group, none of which is an error."""
    cases: dict[str, list[Record]] = {}
    for record in records:
        cases.setdefault(record.case, []).append(record)
    points = []
    for budget in budgets:
        solved = sum(_share(replies, SOLVED, budget) for replies in cases.values())
        low, high = wilson(min(solved, len(cases)), len(cases))
        ended = 1 - sum(1 - _share_ended(replies, budget) for replies in cases.values()) / len(cases)
        points.append(Point(budget, solved / len(cases), low, high, ended))
    never_ended = fmean(_share(replies, CUT_OFF) for replies in cases.values())
    return Curve(group, checkpoint, len(cases), never_ended, points)


def choose_budgets(lengths: Sequence[int]) -> list[int]:
    """Return budgets that are powers of 2 (or of 4), from `SMALLEST` to the first that no length exceeds."""
    longest = max(lengths, default=0)
    for factor in (2, 4):
        budgets = [SMALLEST]
        while budgets[-1] < longest:
            budgets.append(budgets[-1] * factor)
        if len(budgets) <= MOST_BUDGETS:
            break
    return budgets


def _is_of_interest(run: Run) -> bool:
    checkpoint = run.metadata.checkpoint
    if checkpoint.kind == "agent" or checkpoint.kind is None:
        return False
    recipe = (checkpoint.recipe or {}).get("recipe")
    is_nano = isinstance(recipe, dict) and (recipe.get("method") == "pretrain" or recipe.get("style") == "search")
    return not is_nano or bool(run.metadata.reasoning)


def _scored(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record.outcome != "error"]


def _share(replies: Sequence[Record], outcomes: Sequence[str], budget: float = float("inf")) -> float:
    """The share of replies with one of these outcomes within a budget."""
    return fmean(reply.outcome in outcomes and reply.tokens <= budget for reply in replies)


def _share_ended(replies: Sequence[Record], budget: int) -> float:
    return fmean(reply.outcome not in CUT_OFF and reply.tokens <= budget for reply in replies)
