"""Selects the saved runs for the leaderboard: the most complete run of each checkpoint in each group.

Runs compete if they have the same checkpoint (name and weights), prompt, sampling and model options. In each group the
run with most scored cases counts, and of several the newest, so that a later run of a few cases does not replace a
complete run. A note names each newer run that is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.mazes.errors import RunError
from benchmark.mazes.suite import group_names

from .run import Run, read
from .saved import provenances
from .schema import Provenance


@dataclass
class Selection:
    """What was chosen."""

    runs: dict[str, Run] = field(default_factory=dict)
    """By the checkpoint's name, which has a file's name beside it where it has stood for several weights."""
    notes: list[str] = field(default_factory=list)
    """What was left out, a sentence each."""
    errors: list[str] = field(default_factory=list)
    """The files that cannot be read, a sentence each."""


@dataclass
class _Candidate:
    """A run of a checkpoint that was asked in one way."""

    file: Path
    run: Run
    scored: Counter[str]
    """Cases with a reply, by group."""


def select(root: Path) -> Selection:
    """The most complete run of each checkpoint and way of asking, group by group."""
    readable, errors = provenances(root)
    selection = Selection(errors=errors)
    rivals: dict[tuple[object, ...], list[Path]] = {}
    for file in sorted(readable, key=lambda file: (readable[file].started, file.name), reverse=True):
        rivals.setdefault(_rivalry(readable[file]), []).append(file)
    for files in rivals.values():
        ended = [file for file in files if readable[file].ended]
        chosen, candidates = _choose(ended, selection.errors)
        newest = max((candidate.run.metadata.started for candidate in chosen.values()), default="")
        cut = [file for file in files if file not in ended and readable[file].started > newest]
        selection.notes += [f"left out: {file} ({readable[file].checkpoint.name}) was cut off" for file in cut]
        selection.notes += _left_out(chosen, candidates)
        if chosen:
            run, first = _merged(chosen)
            name = run.checkpoint or first.stem
            selection.runs[f"{name} ({first.stem})" if name in selection.runs else name] = run
    return selection


def _rivalry(provenance: Provenance) -> tuple[object, ...]:
    """Whose run it is, and how it was asked: runs that agree in this are rivals."""
    checkpoint, sampling = provenance.checkpoint, provenance.engine.sampling
    return (
        checkpoint.name,
        checkpoint.content or checkpoint.weights,
        *provenance.asked.values(),
        sampling.temperature,
        sampling.samples,
        json.dumps(provenance.engine.options, sort_keys=True),
    )


def _choose(files: Sequence[Path], errors: list[str]) -> tuple[dict[str, _Candidate], list[_Candidate]]:
    """For each group its most complete run of these, the newest first; and all that were looked at."""
    chosen: dict[str, _Candidate] = {}
    candidates: list[_Candidate] = []
    for file in files:
        try:
            if not any(most > _scored(chosen, group) for group, most in _mentions(file)):
                continue
            run = read(file)
        except RunError as error:
            errors.append(str(error))
            continue
        cases = {(record.group, record.case) for record in run.records if record.outcome != "error"}
        candidate = _Candidate(file, run, Counter(group for group, _ in cases))
        candidates.append(candidate)
        for group, scored in candidate.scored.items():
            if scored > _scored(chosen, group):
                chosen[group] = candidate
    return chosen, candidates


def _scored(chosen: Mapping[str, _Candidate], group: str) -> int:
    return chosen[group].scored[group] if group in chosen else 0


def _mentions(file: Path) -> Iterator[tuple[str, int]]:
    """At most how many cases of each group a file can hold; it is not read as JSON, which takes 100 times longer."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RunError(f"cannot read the run {file}: {error.strerror}") from error
    for group in group_names():
        yield group, content.count(f'"{group}"'.encode())


def _left_out(chosen: Mapping[str, _Candidate], candidates: Sequence[_Candidate]) -> Iterator[str]:
    """The runs of which a group does not count although it is newer than what does."""
    for candidate in candidates:
        larger = {
            group: chosen[group]
            for group in candidate.scored
            if chosen[group].run.metadata.started < candidate.run.metadata.started
        }
        for winner in {id(winner): winner for winner in larger.values()}.values():
            parts = [
                f"{candidate.scored[group]} cases of {group}, of which {winner.file} has {winner.scored[group]}"
                for group in larger
                if larger[group] is winner
            ]
            yield f"left out: {candidate.file} ({candidate.run.checkpoint}) has {'; '.join(parts)}"


def _merged(chosen: Mapping[str, _Candidate]) -> tuple[Run, Path]:
    """The chosen groups as one run, with the provenance of the run that gives most of them, and its file."""
    by_file = {candidate.file: candidate for candidate in chosen.values()}
    records = [
        record
        for group in group_names()
        if group in chosen
        for record in chosen[group].run.records
        if record.group == group
    ]
    shares = Counter(chosen[record.group].file for record in records)
    first = by_file[shares.most_common(1)[0][0]]
    provenance = first.run.provenance
    if len(by_file) > 1:  # its time is not that of these cases
        engine = {
            name: value for name, value in provenance.get("engine", {}).items() if name not in ("asked", "seconds")
        }
        provenance = provenance | {"engine": engine}
    return Run(provenance, records), first.file
