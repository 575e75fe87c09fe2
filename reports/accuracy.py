"""The accuracy table of runs: the share of solved mazes by group and checkpoint, with the baseline agents."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from benchmark.mazes.outcomes import CUT_OFF, OPTIMAL, OUTCOMES, SOLVED
from benchmark.mazes.suite import DEFAULT, SUITES, Suite, group_names

from . import baseline_agents
from .schema import Record
from .statistics import wilson

if TYPE_CHECKING:
    import pandas as pd

NO_ANSWER = ("unreadable", "empty", *CUT_OFF)

ROUNDING = 1e-9
"""A smaller number of cases is none: replies to one case count with fractions."""


class _Reply(NamedTuple):
    """The scores of one reply."""

    outcome: str
    lenient: str
    spl: float


_Replies = dict[str, list[_Reply]]  # by case


def table(records: dict[str, list[Record]], suite: Suite = SUITES[DEFAULT]) -> pd.DataFrame:
    """Return a table with one row for each group and checkpoint, shares in percent, and the baseline agents last.

    Columns: group, checkpoint, n (cases), solved, low, high (the Wilson interval of solved), optimal, lenient (solved
    in the lenient reading), unreadable, balanced (the mean of the shares of unsolvable and of solvable twins that were
    solved; None without twins), spl (times 100), outcome_... (the share of each outcome), errors (the number of missing
    replies, which count in no other column), finished (the number of cases whose reply was not cut off before its
    answer was whole), solved_finished, finished_low, finished_high (the share of them that were solved, and its Wilson
    interval; None without any). A case with several replies counts once, with the mean of its replies.
    """
    import pandas as pd

    rows = []
    by_group: dict[str, dict[str, list[Record]]] = {group: {name: [] for name in records} for group in group_names()}
    for name, run in records.items():
        for record in run:
            by_group[record.group][name].append(record)
    for group, runs in by_group.items():
        cases = {record.case: record.digest for run in runs.values() for record in run}
        replies = {name: _replies(run) for name, run in runs.items()}
        errors = {name: sum(record.outcome == "error" for record in run) for name, run in runs.items()}
        if cases and group in suite.groups:
            for name, scores in baseline_agents.score_agents(suite, group, dict(sorted(cases.items()))).items():
                baseline = {case: [_Reply(score.outcome, score.outcome, score.spl)] for case, score in scores.items()}
                replies.setdefault(name, baseline)
        rows += [_row(group, name, by_case, errors.get(name, 0)) for name, by_case in replies.items() if by_case]
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
        **{f"outcome_{outcome.replace('-', '_')}": strict[outcome] / n for outcome in OUTCOMES if outcome != "error"},
    }
    return {
        "group": group,
        "checkpoint": name,
        "n": n,
        **{column: 100 * share for column, share in shares.items()},
        "balanced": _balanced(replies),
        "errors": errors,
        **_finished(strict, n, solved),
    }


def _finished(strict: Counter[str], n: int, solved: float) -> dict[str, float | None]:
    """The columns about replies that were not cut off, of which the model itself, or its answer, decided the end."""
    cut_off = sum(strict[outcome] for outcome in CUT_OFF)
    finished = n - cut_off if cut_off < n - ROUNDING else 0
    if not finished:
        return {"finished": 0.0, "solved_finished": None, "finished_low": None, "finished_high": None}
    solved = min(solved, finished)
    low, high = wilson(solved, finished)
    shares = {"solved_finished": solved / finished, "finished_low": low, "finished_high": high}
    return {"finished": finished, **{column: 100 * share for column, share in shares.items()}}


def _outcomes(replies: _Replies) -> tuple[Counter[str], Counter[str]]:
    """Count the cases by outcome, for both readings; each of k replies to a case counts as 1/k of the case."""
    strict: Counter[str] = Counter()
    lenient: Counter[str] = Counter()
    for of_case in replies.values():
        for reply in of_case:
            strict[reply.outcome] += 1 / len(of_case)  # type: ignore[assignment]  # a Counter counts fractions too
            lenient[reply.lenient] += 1 / len(of_case)  # type: ignore[assignment]
    return strict, lenient


def _replies(records: list[Record]) -> _Replies:
    replies: _Replies = {}
    for record in records:
        if record.outcome != "error":
            replies.setdefault(record.case, []).append(_Reply(record.outcome, record.lenient, record.spl))
    return replies


def _balanced(replies: _Replies) -> float | None:
    """Balanced accuracy in percent: at most 50 for a checkpoint that always, or never, answers `unreachable`."""
    shares = []
    for twin in ("closed", "open"):
        of_twin = {case: of_case for case, of_case in replies.items() if case.endswith(f"-{twin}")}
        if not of_twin:
            return None
        strict, _ = _outcomes(of_twin)
        shares.append(sum(strict[outcome] for outcome in SOLVED) / len(of_twin))
    return 100 * sum(shares) / 2
