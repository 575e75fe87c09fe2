"""Saved runs: where they lie, and what a name means.

A run lies in `runs/`, named by when it was asked (or by `--save NAME`) and by its checkpoint. Baselines that are
committed lie in `benchmark/baselines/`. A name is a path, or what a run was saved as, or `latest`.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from benchmark.mazes.errors import RunError

from .comparison import SAME, same
from .run import Run, about, read, write

FOLDER = "runs"
BASELINES = "benchmark/baselines"
LATEST = "latest"


def path(root: Path, name: str, checkpoint: str, folder: str = FOLDER) -> Path:
    """Where a run of this name and checkpoint is saved; what is no part of a file's name becomes `_`."""
    return root / folder / f"{_plain(name)}-{_plain(checkpoint)}.jsonl"


def dated(root: Path, when: datetime, checkpoint: str) -> Path:
    """The same for a run without a name; of two in the same second the later one gets a number."""
    second = f"{when:%Y%m%dT%H%M%SZ}"
    names = (second, *(f"{second}-{count}" for count in range(2, 1000)))
    return next(file for name in names if not (file := path(root, name, checkpoint)).exists())


def _plain(name: str) -> str:
    return re.sub(r"[^\w.@+-]+", "_", name)


def files(root: Path) -> list[Path]:
    """All runs that are saved, the baselines first, then by name."""
    return [file for folder in (BASELINES, FOLDER) for file in sorted((root / folder).glob("*.jsonl"))]


def find(root: Path, name: str, checkpoint: str = "") -> tuple[Path, Run]:
    """The run of that name: of this checkpoint if there is one, else the only one.

    Raises RunError, saying what there is, where there is none or more than one, and where it cannot be read.
    """
    if Path(name).is_file():
        return Path(name), read(Path(name))
    if Path(name).suffix == ".jsonl":
        raise RunError(f"there is no file {name}")
    known = {}
    for file in files(root):
        try:
            known[file] = about(file)
        except RunError:
            continue  # it is told by `python -m reports list`, and is no reason to do without the others
    if name == LATEST:
        named = sorted(known, key=lambda file: str(known[file].get("started", "")), reverse=True)
        named = [file for file in named if _of(known[file]) == checkpoint] if checkpoint else named
        named = named[:1]
    else:
        named = [file for file in known if name in (file.stem, known[file].get("saved_as"))]
        of_it = [file for file in named if _of(known[file]) == checkpoint]
        named = of_it or named
    if not named:
        names = sorted({str(about.get("saved_as") or file.stem) for file, about in known.items()})
        there = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise RunError(f"no saved run {name!r}: give a file, `{LATEST}`, or one of: {there or '(none is saved yet)'}")
    if len(named) > 1:
        raise RunError(f"{name} is the name of several runs, give one of these files: {', '.join(map(str, named))}")
    return named[0], read(named[0])


def newest(root: Path) -> tuple[dict[str, Run], list[str]]:
    """The newest run of each checkpoint that is saved, by name, and a sentence for each file that cannot be read.

    Where a name has stood for several weights, all but the newest of them have the file's name beside it.
    """
    kept: dict[tuple[object, ...], tuple[str, Path]] = {}
    spoilt = []
    for file in files(root):
        try:
            said = about(file)
        except RunError as error:
            spoilt.append(str(error))
            continue
        checkpoint = said.get("checkpoint", {})
        asked = [json.dumps(said.get(field)) for field in SAME]
        sampling = json.dumps(said.get("engine", {}).get("sampling"))
        key = (checkpoint.get("name"), checkpoint.get("content") or checkpoint.get("weights"), *asked, sampling)
        if said.get("ended") and (key not in kept or kept[key][0] < said["started"]):
            kept[key] = (said["started"], file)
    found: dict[str, Run] = {}
    for _, file in sorted(kept.values(), reverse=True):
        try:
            run = read(file)
        except RunError as error:
            spoilt.append(str(error))
            continue
        name = str(_of(run.provenance) or file.stem)
        found[f"{name} ({file.stem})" if name in found else name] = run
    return found, spoilt


def _of(provenance: dict[str, object]) -> object:
    checkpoint = provenance.get("checkpoint")
    return checkpoint.get("name") if isinstance(checkpoint, dict) else None


def set_aside(root: Path, file: Path) -> Path | None:
    """Give a run that has a name its date as its name, and say where it is now; None where there is no such run."""
    if not file.is_file():
        return None
    try:
        said = about(file)
        started = datetime.fromisoformat(said["started"])
        run = read(file)
    except (RunError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{file} is no run, and is not overwritten: {error}") from error
    kept = dated(root, started, str(_of(said)))
    write(Run({name: value for name, value in run.provenance.items() if name != "saved_as"}, run.lines), kept)
    file.unlink()
    return kept


def update_baseline(root: Path, checkpoint: str, run: Run) -> tuple[Path, int]:
    """Put the lines of a run into the checkpoint's baseline; lines that it has not measured stay as they are.

    Returns the file, and how many lines are new or changed. Raises RunError where the baseline measures something else.
    """
    file = root / BASELINES / f"{_plain(checkpoint)}.jsonl"
    before = read(file) if file.is_file() else Run({}, [])
    if before.lines:
        same(before.provenance, run.provenance)
    lines = {line.place: line for line in before.lines}
    fresh = {line.place: line for line in run.lines if line.outcome != "error"}
    changed = sum(lines.get(place) != line for place, line in fresh.items())
    write(Run(run.provenance | {"saved_as": "baseline"}, list((lines | fresh).values())), file)
    return file, changed
