"""Compares two runs on the same cases: what changed, and which drop the number of cases could show.

Each row compares one measure in one group. The cases are paired: a case counts if both runs have scored it.

    change      after - before, as a share from -1 to 1, with its 95 % interval
    p           the two-sided p-value of the change, adjusted for all rows of the comparison (Holm 1979)
    detectable  the smallest true drop that this number of cases shows as `worse` with a power of 80 %, at the
                row's part of the 5 % level

    worse              p < 5 %, and the drop is larger than the margin
    within margin      p < 5 %, and the drop is at most the margin
    better             p < 5 %, and the change is a gain
    no change seen     p >= 5 %, and the interval excludes drops of more than max(margin, 5 points)
    inconclusive       p >= 5 %, and the interval includes such drops: there are too few cases

Binary measures are compared by the exact McNemar test and the interval of Newcombe; measures between 0 and 1, and
shares of several replies, by the mean of their differences and the exact sign-flip test. Runs with different suites,
prompts, drawings or sampling are not comparable.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Any

from benchmark.mazes.errors import RunError
from benchmark.mazes.suite import group_names
from models.engines import list_packages

from .measures import MEASURES, Measure
from .run import Run
from .schema import Provenance, Record
from .statistics import change_interval, holm, mcnemar_two_sided, sign_flip, smallest_drop

ALPHA = 0.05
"""The probability that any row is called worse or better although nothing changed."""
POWER = 0.8
"""The probability with which a drop of the size `seen` is called worse."""
LARGE = 0.05
"""The largest acceptable drop of a row without a significant change; above it the row is inconclusive."""
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
    """The adjusted two-sided p-value. It is below `ALPHA` exactly where the verdict names a change."""
    seen: float | None
    """The smallest detectable drop; None where the cases are too few for any drop."""
    margin: float
    verdict: str

    @property
    def name(self) -> str:
        """The name of the row in `--fail-on`; for accuracy only the group."""
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
    """The number of cases that only the run after has."""
    gone: int
    """The number of cases that only the run before has."""
    unscored: int
    """The number of cases in both runs without a reply in at least one."""
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
    """Compare two runs.

    Accuracy is always compared, over all cases and in each group; other measures where a margin names them.

    Args:
        before: The run to compare with.
        after: The new run.
        margins: The allowed drops, as shares, by (measure, group); the group may be `ALL`. The default is 0.
        measures: The measures by name (default: `MEASURES`).

    Raises RunError, with what differs, where the runs are not comparable, and where they have no case in common.
    """
    margins, measures = dict(margins or {}), measures or MEASURES
    check_comparable(before.metadata, after.metadata)
    cases = _cases(before.records), _cases(after.records)
    both = [place for place in cases[0] if place in cases[1]]
    if edited := [place for place in both if cases[0][place][0].digest != cases[1][place][0].digest]:
        raise RunError(f"{len(edited)} cases have different mazes in the two runs; the first one is {_name(edited[0])}")
    scored = [place for place in both if all(_is_scored(of[place]) for of in cases)]
    if not scored:
        raise RunError("the runs have no scored case in common")
    groups = [group for group in group_names() if any(place[0] == group for place in scored)]
    over_all = [] if len(groups) == 1 else [ALL]
    places = [("accuracy", group) for group in over_all + groups]
    # with one group a row over all cases would repeat it, so that margins for all cases apply to the group
    margins = {
        (measure, groups[0] if group == ALL and not over_all else group): m for (measure, group), m in margins.items()
    }
    for row in margins:
        if row not in places:
            if row[1] not in over_all + groups:
                raise RunError(f"the runs have no common case of {row[1]}, only of {', '.join(groups)}")
            places.append(row)
    rows = [_paired(measure, measures[measure], group, scored, cases) for measure, group in places]
    p_values = holm([_test(row) for row in rows])
    changes = [
        _judge(row, p, margins.get(place, 0.0), len(rows)) for row, p, place in zip(rows, p_values, places, strict=True)
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
        return sum(change < 0 for change in self.differences), sum(change > 0 for change in self.differences)


def _paired(
    name: str, measure: Measure, group: str, scored: Iterable[tuple[str, str]], cases: Sequence[_Cases]
) -> _Paired:
    places = [place for place in scored if group in (ALL, place[0])]
    before, after = ([fmean(map(measure.score, of[place])) for place in places] for of in cases)
    return _Paired(name, group, before, after)


def _test(row: _Paired) -> float:
    """The two-sided p-value of the change, before the adjustment."""
    return mcnemar_two_sided(*row.counts) if row.is_binary else sign_flip(row.differences)


def _judge(row: _Paired, p: float, margin: float, rows: int) -> Change:
    # `smallest_drop` is one-sided, and Holm's first step divides the level by the number of rows
    n, (broke, fixed), alpha = len(row.before), row.counts, ALPHA / 2 / rows
    low, high = change_interval(row.before, row.after)
    if row.is_binary:
        seen = smallest_drop(n, min(broke, fixed) / n, margin, alpha, POWER)
    else:
        z = NormalDist().inv_cdf
        error = (high - low) / 2 / z(0.975)
        # at least the drop that is detectable if each case drops from 1 to 0: differences without any variance would
        # make every drop detectable
        binary = smallest_drop(n, 0.0, margin, alpha, POWER)
        seen = binary and max(binary, max(margin, z(1 - alpha) * error) + z(POWER) * error)
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
    cases: _Cases = {}
    for record in records:
        cases.setdefault((record.group, record.case), []).append(record)
    return cases


def _is_scored(replies: Iterable[Record]) -> bool:
    return all(record.outcome != "error" for record in replies)


def _name(place: tuple[str, str]) -> str:
    return "/".join(place)


def check_comparable(before: Provenance, after: Provenance) -> None:
    """Raise RunError, with what differs, where two runs are not comparable."""
    for name, value in before.asked.items():
        _check_same(name.replace("_", " "), value, after.asked[name])
    old, new = before.engine.sampling, after.engine.sampling
    _check_same("temperature", old.temperature, new.temperature)
    _check_same("samples", old.samples, new.samples)


def _check_same(name: str, before: object, after: object) -> None:
    if before != after:
        raise RunError(
            f"the runs are not comparable: {name} is {before!r} in one and {after!r} in the other. Use the same "
            "options for both, or save a new run to compare with"
        )


def _warnings(before: Provenance, after: Provenance) -> list[str]:
    """Name the conditions that differ and may change replies although the checkpoint is the same."""
    old, new = _conditions(before), _conditions(after)
    return [
        f"{name} is {old.get(name)!r} in one run and {new.get(name)!r} in the other"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _conditions(provenance: Provenance) -> dict[str, Any]:
    engine, machine, packages = provenance.engine, provenance.machine, provenance.packages or {}
    return {
        "engine": engine.engine,
        "dtype": engine.dtype,
        "determinism": engine.determinism,
        **{f"the option {name}": value for name, value in engine.options.items()},
        "system": machine.system,
        "processor": machine.processor,
        "device": machine.device,
        **{name: packages.get(name) for name in list_packages()},
    }
