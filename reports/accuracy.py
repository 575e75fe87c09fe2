"""Runs become one table: tier by tier, how much each checkpoint solved, with the floors and the ceiling beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.mazes.answer import Answer
from benchmark.mazes.score import score
from benchmark.mazes.suite import TIERS, Case
from models.engines.agents import AGENTS

from .run import Line
from .statistics import wilson

if TYPE_CHECKING:
    import pandas as pd

NO_ANSWER = ("unreadable", "truncated", "empty")


def table(lines: dict[str, list[Line]]) -> pd.DataFrame:
    """One row per tier and checkpoint, shares in percent; agents that were not asked follow as ceiling and floors.

    Columns: tier, checkpoint, n, solved, low, high (the Wilson interval of solved), optimal, unreadable.
    Cases without a reply (outcome `error`) count in no column.
    """
    import pandas as pd

    rows = []
    for tier in TIERS:
        here = {name: [line for line in run if line.tier == tier] for name, run in lines.items()}
        cases = sorted({line.case for run in here.values() for line in run})
        outcomes = {name: [line.outcome for line in run if line.outcome != "error"] for name, run in here.items()}
        outcomes |= {name: _of_agent(name, tier, cases) for name in AGENTS if name not in lines}
        rows += [_row(tier, name, found) for name, found in outcomes.items() if found]
    return pd.DataFrame(rows)


def _row(tier: str, name: str, outcomes: list[str]) -> dict[str, object]:
    n, optimal = len(outcomes), outcomes.count("optimal")
    solved = optimal + outcomes.count("solved")
    low, high = wilson(solved, n)
    unreadable = sum(outcome in NO_ANSWER for outcome in outcomes)
    shares = {"solved": solved / n, "low": low, "high": high, "optimal": optimal / n, "unreadable": unreadable / n}
    return {"tier": tier, "checkpoint": name, "n": n, **{column: 100 * share for column, share in shares.items()}}


def _of_agent(name: str, tier: str, cases: list[str]) -> list[str]:
    """The outcomes of an agent on these cases of a tier."""
    mazes = [Case.of(tier, case).maze for case in cases]
    return [score(maze, Answer(AGENTS[name](maze))).outcome for maze in mazes]
