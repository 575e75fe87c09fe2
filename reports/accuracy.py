"""Runs become one table: group by group, how much each checkpoint solved, with the baseline agents beside it."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from benchmark.mazes.outcomes import OPTIMAL, OUTCOMES, SOLVED
from benchmark.mazes.suite import DEFAULT, SUITES, Suite, group_names

from . import baseline_agents
from .schema import Record
from .statistics import wilson

if TYPE_CHECKING:
    import pandas as pd

NO_ANSWER = ("unreadable", "truncated", "empty")


class _Reply(NamedTuple):
    """What came of one reply."""

    outcome: str
    lenient: str
    spl: float


_Replies = dict[str, list[_Reply]]  # of each case


def table(records: dict[str, list[Record]], suite: Suite = SUITES[DEFAULT]) -> pd.DataFrame:
    """One row per group and checkpoint, shares in percent; the baseline agents follow.

    Columns: group, checkpoint, n, solved, low, high (the Wilson interval of solved), optimal, lenient (solved, read
    leniently), unreadable, balanced (the mean of the shares of unsolvable and of solvable twins that were answered
    rightly; None where there are no twins), spl (times 100), outcome_... (the share of each outcome), errors (the
    number of replies that never came, which count in no other column). A case with several replies counts with its
    share of them, once.
    """
    import pandas as pd

    rows = []
    of_group: dict[str, dict[str, list[Record]]] = {group: {name: [] for name in records} for group in group_names()}
    for name, run in records.items():
        for record in run:
            of_group[record.group][name].append(record)
    for group, here in of_group.items():
        cases = {record.case: record.digest for run in here.values() for record in run}
        found = {name: _replies(run) for name, run in here.items()}
        errors = {name: sum(record.outcome == "error" for record in run) for name, run in here.items()}
        if cases and group in suite.groups:
            for name, scores in baseline_agents.score_agents(suite, group, dict(sorted(cases.items()))).items():
                baseline = {case: [_Reply(score.outcome, score.outcome, score.spl)] for case, score in scores.items()}
                found.setdefault(name, baseline)
        rows += [_row(group, name, replies, errors.get(name, 0)) for name, replies in found.items() if replies]
    return pd.DataFrame(rows)


def _row(group: str, name: str, replies: _Replies, errors: int) -> dict[str, object]:
    n = len(replies)
    strict, lenient = _outcomes(replies)
    solved = min(n, sum(strict[outcome] for outcome in SOLVED))
    low, high = wilson(solved, n)
    shares = {
        "solved": solved / n,
        "low": low,
        "high": high,
        "optimal": sum(strict[outcome] for outcome in OPTIMAL) / n,
        "lenient": sum(lenient[outcome] for outcome in SOLVED) / n,
        "unreadable": sum(strict[outcome] for outcome in NO_ANSWER) / n,
        "spl": fmean(fmean(reply.spl for reply in of_case) for of_case in replies.values()),
        **{f"outcome_{one.replace('-', '_')}": strict[one] / n for one in OUTCOMES if one != "error"},
    }
    return {
        "group": group,
        "checkpoint": name,
        "n": n,
        **{column: 100 * share for column, share in shares.items()},
        "balanced": _balanced(replies),
        "errors": errors,
    }


def _outcomes(replies: _Replies) -> tuple[Counter[str], Counter[str]]:
    """How many cases had each outcome, read strictly and leniently; of several replies each is a part of its case."""
    strict: Counter[str] = Counter()
    lenient: Counter[str] = Counter()
    for of_case in replies.values():
        for reply in of_case:
            strict[reply.outcome] += 1 / len(of_case)  # type: ignore[assignment]  # a Counter counts fractions too
            lenient[reply.lenient] += 1 / len(of_case)  # type: ignore[assignment]
    return strict, lenient


def _replies(records: list[Record]) -> _Replies:
    found: _Replies = {}
    for record in records:
        if record.outcome != "error":
            found.setdefault(record.case, []).append(_Reply(record.outcome, record.lenient, record.spl))
    return found


def _balanced(replies: _Replies) -> float | None:
    """Balanced accuracy in percent: whoever always says `unreachable`, and whoever never does, gets 50 at most."""
    shares = []
    for twin in ("closed", "open"):
        of_twin = {case: given for case, given in replies.items() if case.endswith(f"-{twin}")}
        if not of_twin:
            return None
        strict, _ = _outcomes(of_twin)
        shares.append(sum(strict[outcome] for outcome in SOLVED) / len(of_twin))
    return 100 * sum(shares) / 2
