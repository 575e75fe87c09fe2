"""Two runs held against each other on the same cases: what changed, and whether so few cases could have shown it.

Each row compares one measure in one group. Its cases are paired: a case counts where both runs have scored it.

    change      after - before, in shares of 1, with its 95 % interval
    p           how likely so large a change is by chance (two-sided), Holm-adjusted over all rows of the comparison
    detectable  the smallest true drop that so many cases show as worse in 80 % of runs, at the row's share of 5 %

    worse              p < 5 %, and the drop is beyond the margin
    within margin      p < 5 %, and the margin allows for the drop
    better             p < 5 %, and it is a gain
    no change seen     p is larger, and the interval leaves no room for a drop beyond the margin and 5 points
    inconclusive       p is larger, and it does: too few cases

Right and wrong are compared by the exact test of McNemar and the interval of Newcombe; measures between 0 and 1, and
shares of several replies, by the mean of their differences and the exact sign-flip test. A run of another suite,
prompt, drawing or sampling is no other measurement of the same thing, and is refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from benchmark.mazes.errors import RunError
from benchmark.mazes.suite import group_names
from models.engines import list_packages

from .measures import MEASURES, Measure
from .run import Run
from .schema import Provenance, Record
from .statistics import change_interval, holm, mcnemar_two_sided, sign_flip, smallest_drop

ALPHA = 0.05
"""How likely any row at all may be called worse or better where nothing changed."""
POWER = 0.8
"""How surely a drop is seen that could have been seen."""
LARGE = 0.05
"""A drop that nobody would want to miss: a row that leaves room for it is inconclusive."""
ALL = "all"
"""The group of a row over all cases."""


@dataclass(frozen=True)
class Change:
    """One row: a measure in a group; shares of 1."""

    measure: str
    group: str
    n: int
    before: float
    after: float
    broke: int
    """Cases that were better before."""
    fixed: int
    low: float
    high: float
    p: float
    """Of the change, two-sided, adjusted: below `ALPHA` for every verdict that names a change, and for no other."""
    seen: float | None
    """The smallest drop that could have been seen; None where no drop could have been."""
    margin: float
    verdict: str

    @property
    def name(self) -> str:
        """As `--fail-on` names it, and just the group for accuracy."""
        if self.measure == "accuracy":
            return self.group
        return self.measure if self.group == ALL else f"{self.group}.{self.measure}"

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class Comparison:
    """All rows, and what was not compared."""

    rows: list[Change]
    fixed: list[str]
    """The cases that are right now and were wrong before, as group/case."""
    broken: list[str]
    new: int
    """Cases that the run before does not have."""
    gone: int
    """Cases that the run after does not have."""
    unscored: int
    """Cases in both, of which one has no reply."""
    warnings: list[str]
    before: Run | None = dataclasses.field(default=None, repr=False)
    """The run that the other one was compared with."""

    @property
    def is_worse(self) -> bool:
        return any(row.verdict == "worse" for row in self.rows)


def compare(
    before: Run,
    after: Run,
    margins: Mapping[tuple[str, str], float] | None = None,
    measures: Mapping[str, Measure] | None = None,
) -> Comparison:
    """Compare two runs. `margins` are the allowed drops by (measure, group), where group may be `ALL`.

    Accuracy is always compared, over all cases and in each group; other measures where a margin names them. Raises
    RunError where the runs do not measure the same, naming what differs, and where they have no case in common.
    """
    margins, measures = dict(margins or {}), measures or MEASURES
    check_comparable(before.metadata, after.metadata)
    cases = _cases(before.records), _cases(after.records)
    both = [place for place in cases[0] if place in cases[1]]
    if edited := [place for place in both if cases[0][place][0].digest != cases[1][place][0].digest]:
        raise RunError(f"{len(edited)} cases are other mazes in one of the runs, the first of them {_name(edited[0])}")
    scored = [place for place in both if all(_is_scored(of[place]) for of in cases)]
    if not scored:
        raise RunError("the runs have no scored case in common")
    groups = [group for group in group_names() if any(place[0] == group for place in scored)]
    whole = [] if len(groups) == 1 else [ALL]
    asked = [("accuracy", group) for group in whole + groups]
    # of one group alone, what is asked of all cases is asked of it
    margins = {
        (measure, groups[0] if group == ALL and not whole else group): m for (measure, group), m in margins.items()
    }
    for row in margins:
        if row not in asked:
            if row[1] not in whole + groups:
                raise RunError(f"there is no case of {row[1]} to compare: there are {', '.join(groups)}")
            asked.append(row)
    rows = [_paired(measure, measures[measure], group, scored, cases) for measure, group in asked]
    chances = holm([_test(row) for row in rows])
    changes = [
        _judge(row, p, margins.get(place, 0.0), len(rows)) for row, p, place in zip(rows, chances, asked, strict=True)
    ]
    right = [{place for place in scored if fmean(map(MEASURES["accuracy"].score, of[place])) > 0.5} for of in cases]
    return Comparison(
        changes,
        fixed=[_name(place) for place in scored if place in right[1] - right[0]],
        broken=[_name(place) for place in scored if place in right[0] - right[1]],
        new=len(cases[1]) - len(both),
        gone=len(cases[0]) - len(both),
        unscored=len(both) - len(scored),
        warnings=_warnings(before.metadata, after.metadata),
        before=before,
    )


@dataclass(frozen=True)
class _Paired:
    measure: str
    group: str
    before: Sequence[float]
    after: Sequence[float]

    @property
    def differences(self) -> list[float]:
        return [after - before for before, after in zip(self.before, self.after, strict=True)]

    @property
    def is_binary(self) -> bool:
        return all(value in (0, 1) for value in (*self.before, *self.after))

    @property
    def counts(self) -> tuple[int, int]:
        """Broken and fixed."""
        return sum(one < 0 for one in self.differences), sum(one > 0 for one in self.differences)


def _paired(
    name: str, measure: Measure, group: str, scored: Iterable[tuple[str, str]], cases: Sequence[_Cases]
) -> _Paired:
    places = [place for place in scored if group in (ALL, place[0])]
    before, after = ([fmean(map(measure.score, of[place])) for place in places] for of in cases)
    return _Paired(name, group, before, after)


def _test(row: _Paired) -> float:
    """How likely so large a change is by chance, either way."""
    return mcnemar_two_sided(*row.counts) if row.is_binary else sign_flip(row.differences)


def _judge(row: _Paired, p: float, margin: float, rows: int) -> Change:
    n, (broke, fixed), alpha = len(row.before), row.counts, ALPHA / 2 / rows
    low, high = change_interval(row.before, row.after)
    if row.is_binary:
        seen = smallest_drop(n, min(broke, fixed) / n, margin, alpha, POWER)
    else:
        z = NormalDist().inv_cdf
        error = (high - low) / 2 / z(0.975)
        # as if drops were of whole cases where the differences themselves say too little
        whole = smallest_drop(n, 0.0, margin, alpha, POWER)
        seen = whole and max(whole, max(margin, z(1 - alpha) * error) + z(POWER) * error)
    drop = -fmean(row.differences)
    if p < ALPHA:
        verdict = "better" if drop < 0 else "worse" if drop > margin else "within margin"
    else:
        verdict = "inconclusive" if -low > max(margin, LARGE) else "no change seen"
    return Change(
        row.measure,
        row.group,
        n,
        fmean(row.before),
        fmean(row.after),
        broke,
        fixed,
        low,
        high,
        p,
        seen,
        margin,
        verdict,
    )


_Cases = dict[tuple[str, str], list[Record]]


def _cases(records: Iterable[Record]) -> _Cases:
    found: _Cases = {}
    for record in records:
        found.setdefault((record.group, record.case), []).append(record)
    return found


def _is_scored(replies: Iterable[Record]) -> bool:
    return all(record.outcome != "error" for record in replies)


def _name(place: tuple[str, str]) -> str:
    return "/".join(place)


def check_comparable(before: Provenance, after: Provenance) -> None:
    """Raise RunError, naming what differs, where two provenances are not of the same measurement."""
    for name, value in before.asked.items():
        _check_same(name.replace("_", " "), value, after.asked[name])
    one, other = before.engine.sampling, after.engine.sampling
    _check_same("temperature", one.temperature, other.temperature)
    _check_same("samples", one.samples, other.samples)


def _check_same(name: str, before: object, after: object) -> None:
    if before != after:
        raise RunError(
            f"the runs do not measure the same: {name} is {before!r} in one and {after!r} in the other. Ask both in "
            "the same way, or save a new run to compare with"
        )


def _warnings(before: Provenance, after: Provenance) -> list[str]:
    """What may change replies although the checkpoint is the same, and what does not repeat at all."""
    pairs = zip(_conditions(before).items(), _conditions(after).values(), strict=True)
    return [f"{name} is {one!r} in one run and {other!r} in the other" for (name, one), other in pairs if one != other]


def _conditions(provenance: Provenance) -> dict[str, str | None]:
    engine, machine, packages = provenance.engine, provenance.machine, provenance.packages or {}
    return {
        "engine": engine.engine,
        "dtype": engine.dtype,
        "determinism": engine.determinism,
        "system": machine.system,
        "processor": machine.processor,
        "device": machine.device,
        **{name: packages.get(name) for name in list_packages()},
    }
