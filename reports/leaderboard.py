"""The leaderboard: ranks checkpoints by the mazes that they solve, with intervals and costs.

Checkpoints are ranked by their macro average: the mean over the tiers of the share of solved mazes. Two checkpoints
share a rank where the 95 % interval of their paired difference, over the mazes that both have answered, includes 0;
each is compared with the best of its rank. Runs with different prompts or tiers are not comparable and have separate
tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from benchmark.mazes.errors import RunError
from benchmark.mazes.outcomes import SOLVED

from .comparison import check_comparable
from .run import Run
from .schema import Provenance
from .statistics import change_interval, mean_of_shares, mover

_Shares = dict[str, dict[str, float]]  # of each case the share of its replies that solved it, by tier


@dataclass(frozen=True)
class Entry:
    """One row of a leaderboard; shares of 1."""

    rank: int
    name: str
    solved: float
    """The mean over the tiers."""
    low: float
    """Its 95 % interval (`statistics.mean_of_shares`)."""
    high: float
    optimal: float
    tiers: Mapping[str, float]
    """The share solved in each tier."""
    n: int
    """Mazes over all tiers."""
    tokens: float
    """Mean length of a reply in its own tokens."""
    seconds: float | None
    """The time per maze without the start of the engine; None if all replies were cached or it is unknown."""


@dataclass(frozen=True)
class Board:
    """Checkpoints with the same tiers and prompts, the best first."""

    title: str
    """The suite and the prompt options, and the tiers where several boards have the same options."""
    tiers: Sequence[str]
    entries: Sequence[Entry]


def boards(runs: Mapping[str, Run]) -> list[Board]:
    """Return one board for each combination of prompt options and tiers, the one with most entries first.

    Cases without a reply and groups that are no tier are ignored; a run without any other case is left out.
    """
    groups: list[dict[str, Run]] = []
    shares = {name: _shares(run) for name, run in runs.items()}
    for name, run in runs.items():
        if not shares[name]:
            continue
        for group in groups:
            first = next(iter(group))
            if shares[first].keys() == shares[name].keys() and _are_rivals(runs[first], run):
                group[name] = run
                break
        else:
            groups.append({name: run})
    provenances = [next(iter(group.values())).metadata for group in groups]
    titled = _titled([_board(group, shares) for group in groups], provenances)
    return sorted(titled, key=lambda board: -len(board.entries))


def _are_rivals(first: Run, second: Run) -> bool:
    try:
        check_comparable(first.metadata, second.metadata)
    except RunError:
        return False
    return True


def _shares(run: Run) -> _Shares:
    solved: dict[str, dict[str, list[bool]]] = {}
    tiers = run.suite.tiers
    for record in run.records:
        if record.group in tiers and record.outcome != "error":
            solved.setdefault(record.group, {}).setdefault(record.case, []).append(record.outcome in SOLVED)
    return {tier: {case: fmean(tries) for case, tries in solved[tier].items()} for tier in tiers if tier in solved}


def _board(group: Mapping[str, Run], shares: Mapping[str, _Shares]) -> Board:
    order = sorted(group, key=lambda name: (-_macro(shares[name])[0], name))
    entries: list[Entry] = []
    best = order[0]
    for place, name in enumerate(order, 1):
        is_tied = bool(entries) and _is_tied(shares[best], shares[name])
        best = best if is_tied else name
        entries.append(_entry(entries[-1].rank if is_tied else place, name, group[name], shares[name]))
    return Board(_title(group[order[0]].metadata), list(shares[best]), entries)


def _title(provenance: Provenance) -> str:
    sampling = provenance.engine.sampling
    parts = [f"drawing {provenance.drawing}", f"prompt {provenance.style}", f"language {provenance.language}"]
    parts += [f"{provenance.shots} examples"] if provenance.shots else []
    parts += ["reasoning"] if provenance.reasoning else []
    parts += ["glyphs"] if provenance.glyphs else []
    parts += [f"temperature {sampling.temperature:g}"] if sampling.temperature else ["greedy"]
    parts += [f"{sampling.samples} samples"] if sampling.samples != 1 else []
    return f"{provenance.suite}: {', '.join(parts)}"


def _titled(boards: Sequence[Board], provenances: Sequence[Provenance]) -> list[Board]:
    """The boards; where several have one title, what tells them apart is added: tiers, then fields of the runs."""
    titles = [board.title for board in boards]

    def add(details: Sequence[str]) -> None:
        distinct = Counter(title for title, _ in set(zip(titles, details, strict=True)))
        for at, detail in enumerate(details):
            if distinct[titles[at]] > 1:
                titles[at] = f"{titles[at]}, {detail}"

    add([" and ".join(board.tiers) for board in boards])
    for name in Provenance().asked:
        add([f"{name.replace('_', ' ')} {str(provenance.asked[name])[:12]}" for provenance in provenances])
    seen: Counter[str] = Counter()
    for at, title in enumerate(titles):
        seen[title] += 1
        titles[at] = title if seen[title] == 1 else f"{title} ({seen[title]})"
    return [replace(board, title=title) for board, title in zip(boards, titles, strict=True)]


def _macro(shares: _Shares) -> tuple[float, ...]:
    return mean_of_shares([(min(len(of), sum(of.values())), len(of)) for of in shares.values()])


def _is_tied(first: _Shares, second: _Shares) -> bool:
    """Whether the interval of the difference of the macro averages, over the common mazes, includes 0."""
    parts = []
    for tier in first:
        if common := [case for case in first[tier] if case in second[tier]]:
            before, after = ([shares[tier][case] for case in common] for shares in (first, second))
            parts.append((fmean(after) - fmean(before), *change_interval(before, after)))
    if not parts:
        return False
    _, low, high = mover(parts)
    return low <= 0 <= high


def _entry(rank: int, name: str, run: Run, shares: _Shares) -> Entry:
    records = [record for record in run.records if record.group in run.suite.tiers and record.outcome != "error"]
    engine = run.metadata.engine
    seconds = (engine.seconds - engine.waited) / engine.asked if engine.asked and engine.seconds is not None else None
    optimal = fmean(fmean(record.outcome == "optimal" for record in records if record.group == tier) for tier in shares)
    solved, low, high = _macro(shares)
    return Entry(
        rank=rank,
        name=name,
        solved=solved,
        low=low,
        high=high,
        optimal=optimal,
        tiers={tier: fmean(of.values()) for tier, of in shares.items()},
        n=sum(map(len, shares.values())),
        tokens=fmean(record.tokens for record in records),
        seconds=seconds,
    )
