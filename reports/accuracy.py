"""Runs become one table: group by group, how much each checkpoint solved, with the floors and the ceiling beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.outcomes import OPTIMAL, SOLVED
from benchmark.mazes.suite import GROUPS, Case

from .run import Line
from .statistics import wilson

if TYPE_CHECKING:
    import pandas as pd

NO_ANSWER = ("unreadable", "truncated", "empty")
Outcomes = dict[str, tuple[str, str]]  # case -> its outcome, read strictly and leniently


def table(lines: dict[str, list[Line]]) -> pd.DataFrame:
    """One row per group and checkpoint, shares in percent; agents that were not asked follow as ceiling and floors.

    Columns: group, checkpoint, n, solved, low, high (the Wilson interval of solved), optimal, lenient (solved, read
    leniently), unreadable, balanced (the mean of the shares of unsolvable and of solvable twins that were answered
    rightly; None where there are no twins). Cases without a reply (outcome `error`) count in no column.
    """
    import pandas as pd

    rows = []
    for group in GROUPS:
        here = {name: [line for line in run if line.group == group] for name, run in lines.items()}
        cases = sorted({line.case for run in here.values() for line in run})
        found: dict[str, Outcomes] = {
            name: {line.case: (line.outcome, line.lenient) for line in run if line.outcome != "error"}
            for name, run in here.items()
        }
        if not GROUPS[group].of:  # the mazes of a tier, changed, have the floors of the tier
            found |= {name: _of_agent(name, group, cases) for name in AGENTS if name not in lines}
        rows += [_row(group, name, outcomes) for name, outcomes in found.items() if outcomes]
    return pd.DataFrame(rows)


def _row(group: str, name: str, outcomes: Outcomes) -> dict[str, object]:
    n = len(outcomes)
    strict, lenient = zip(*outcomes.values(), strict=True)
    solved = sum(outcome in SOLVED for outcome in strict)
    low, high = wilson(solved, n)
    shares = {
        "solved": solved / n,
        "low": low,
        "high": high,
        "optimal": sum(outcome in OPTIMAL for outcome in strict) / n,
        "lenient": sum(outcome in SOLVED for outcome in lenient) / n,
        "unreadable": sum(outcome in NO_ANSWER for outcome in strict) / n,
    }
    return {
        "group": group,
        "checkpoint": name,
        "n": n,
        **{column: 100 * share for column, share in shares.items()},
        "balanced": _balanced(group, outcomes),
    }


def _balanced(group: str, outcomes: Outcomes) -> float | None:
    """Balanced accuracy in percent: whoever always says `unreachable`, and whoever never does, gets 50 at most."""
    if not GROUPS[group].twins:
        return None
    shares = []
    for twin in ("closed", "open"):
        of_twin = [strict in SOLVED for case, (strict, _) in outcomes.items() if case.endswith(twin)]
        if not of_twin:
            return None
        shares.append(sum(of_twin) / len(of_twin))
    return 100 * sum(shares) / 2


def _of_agent(name: str, group: str, cases: list[str]) -> Outcomes:
    """The outcomes of an agent on these cases of a group."""
    from benchmark.mazes.score import score

    outcomes = {}
    for name_of_case in cases:
        case = Case.of(group, name_of_case)
        outcome = score(case.maze, AGENTS[name](case)).outcome
        outcomes[name_of_case] = (outcome, outcome)
    return outcomes
