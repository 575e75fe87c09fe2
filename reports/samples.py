"""What several replies to each case are worth together: pass@k, pass^k and the majority's answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from benchmark.mazes.outcomes import SOLVED
from benchmark.mazes.suite import group_names

from .schema import Record
from .statistics import pass_all, pass_at

if TYPE_CHECKING:
    import pandas as pd


def table(records: dict[str, list[Record]]) -> pd.DataFrame:
    """One row per group and checkpoint that gave several replies to each case; empty where none did.

    Columns: group, checkpoint, n, k, and in percent of the n cases: one (pass@1: one try is right), any (pass@k: at
    least one of k is), all (pass^k: all of k are), majority (the answer that most of a case's replies give is).
    """
    import pandas as pd

    rows = []
    for group in group_names():
        for name, run in records.items():
            cases: dict[str, list[Record]] = {}
            for record in run:
                if record.group == group and record.outcome != "error":
                    cases.setdefault(record.case, []).append(record)
            k = min((len(replies) for replies in cases.values()), default=0)
            if k > 1:
                shares = _shares(k, list(cases.values()))
                of = {"group": group, "checkpoint": name, "n": len(cases), "k": k}
                rows.append(of | {column: 100 * share for column, share in shares.items()})
    return pd.DataFrame(rows)


def _shares(k: int, cases: Sequence[Sequence[Record]]) -> dict[str, float]:
    tries = [(len(replies), sum(record.outcome in SOLVED for record in replies)) for replies in cases]
    return {
        "one": fmean(pass_at(1, n, right) for n, right in tries),
        "any": fmean(pass_at(k, n, right) for n, right in tries),
        "all": fmean(pass_all(k, n, right) for n, right in tries),
        "majority": fmean(_majority(replies) for replies in cases),
    }


def _majority(replies: Sequence[Record]) -> bool:
    """Whether the answer that most replies give is right; of as many, the first. `unreachable` is an answer too."""
    answers = [record.moves if record.moves is not None else record.outcome for record in replies]
    most = Counter(answers).most_common(1)[0][0]  # in the order in which they were met
    return replies[answers.index(most)].outcome in SOLVED
