"""Saved runs: their files and names.

A run is a file in `runs/`, named after its date (or `--save NAME`) and its checkpoint. Committed baselines are in
`benchmark/baselines/`. A name is that of `--save`, a file, `latest` or `baseline`.

Sessions that end at once do not overwrite each other's runs: a file is made only where there is none, and what has a
name is renamed before another run takes its place.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from filelock import FileLock

from benchmark.mazes.errors import RunError

from .comparison import check_comparable
from .run import Run, read, read_provenance, write, write_new
from .schema import Provenance

FOLDER = "runs"
BASELINES = "benchmark/baselines"
LATEST = "latest"
BASELINE = "baseline"
LONGEST = 100
"""Characters of a name."""
BYTES = 200
"""Bytes of a file's name without its ending; file systems allow 255 of all that is written beside it too."""

_NAME = re.compile(r"\w[\w .@+-]*")


def check_name(name: str | None) -> None:
    """Raises RunError where `--save` cannot take this name; None is no name and is fine."""
    if name is None:
        return
    rule = (
        f"a name is 1 to {LONGEST} letters, digits, spaces and any of _ . @ + -, begins with a letter, a digit or _, "
        "and does not end in .jsonl"
    )
    if name.strip().casefold() in (LATEST, BASELINE):
        raise RunError(f"--save: {name!r} is reserved (`--compare {name.strip().casefold()}` has a meaning of its own)")
    is_plain = _NAME.fullmatch(name) and name == name.strip() and len(name) <= LONGEST
    if not is_plain or name.casefold().endswith(".jsonl"):
        shown = name if len(name) <= LONGEST else name[:LONGEST] + "..."
        raise RunError(f"--save: {shown!r} cannot be a name: {rule}")


def path(root: Path, name: str, checkpoint: str) -> Path:
    """Where a run of this name and checkpoint is saved; what is no part of a file's name becomes `_`.

    Where that file holds a run of another name or checkpoint (`a/b` and `a_b`), a digest makes it another file.
    """
    file = root / FOLDER / f"{_plain(f'{name}-{checkpoint}')}.jsonl"
    try:
        provenance = read_provenance(file)
    except RunError:
        return file
    if (provenance.saved_as, provenance.checkpoint.name) in ((name, checkpoint), (None, None)):
        return file
    return file.with_name(f"{_plain(f'{name}-{checkpoint}', is_digested=True)}.jsonl")


def dated(root: Path, when: datetime, checkpoint: str) -> Path:
    """The file of a run without a name, which is made here, so that no other session takes it.

    Until the run is written it holds a run without replies. Of two in the same second the later one gets a number.
    Raises RunError where it cannot be made.
    """
    when = when.astimezone(UTC) if when.tzinfo else when
    second = f"{when:%Y%m%dT%H%M%SZ}"
    begun = Run({"checkpoint": {"name": checkpoint}, "started": when.isoformat(timespec="seconds"), "ended": None}, [])
    names = (second if number == 1 else f"{second}-{number}" for number in count(1))
    files = (root / FOLDER / f"{_plain(f'{name}-{checkpoint}')}.jsonl" for name in names)
    return next(file for file in files if write_new(begun, file))


def _plain(name: str, is_digested: bool = False) -> str:
    """A name as a part of a file's name; a digest stands in for the end of a long one."""
    plain = re.sub(r"[^\w.@+-]+", "_", name).lstrip(".") or "_"
    if len(plain.encode()) <= BYTES and not is_digested:
        return plain
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{plain.encode()[: BYTES - 13].decode(errors='ignore')}-{digest}"


def files(root: Path) -> list[Path]:
    """All runs that are saved, the baselines first, then by name."""
    return [file for folder in (BASELINES, FOLDER) for file in sorted((root / folder).glob("*.jsonl"))]


def provenances(root: Path) -> tuple[dict[Path, Provenance], list[str]]:
    """The provenance of all runs that are saved, and a sentence for each file that cannot be read."""
    readable, errors = {}, []
    for file in files(root):
        try:
            readable[file] = read_provenance(file)
        except RunError as error:
            errors.append(str(error))
    return readable, errors


def find(root: Path, name: str, checkpoint: str = "") -> tuple[Path, Run]:
    """The run of that name: of this checkpoint if there is one, else the only one.

    Raises RunError, saying what there is, where there is none or more than one, and where it cannot be read.
    """
    if name.endswith(".jsonl"):
        if not os.path.lexists(name):
            raise RunError(f"there is no file {name}")
        return Path(name), read(Path(name))
    # a file that cannot be read is told by `python -m reports list`, and is no reason to do without the others
    readable, _ = provenances(root)
    named = _named(readable, name, checkpoint)
    if not named and os.path.isfile(name):  # noqa: PTH113  # that of Path raises for a name that is too long
        return Path(name), read(Path(name))
    if not named:
        names = sorted({str(provenance.saved_as or file.stem) for file, provenance in readable.items()})
        listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise RunError(f"no saved run {name!r}: give a file, `{LATEST}`, or one of: {listed or '(none is saved yet)'}")
    if len(named) > 1:
        raise RunError(f"{name} is the name of several runs, give one of these files: {', '.join(map(str, named))}")
    return named[0], read(named[0])


def _named(readable: Mapping[Path, Provenance], name: str, checkpoint: str) -> list[Path]:
    """The files that a name may mean."""
    if name == LATEST:
        begun = [file for file, run in readable.items() if run.suite is not None or run.ended]  # without reserved files
        begun = [file for file in begun if not checkpoint or readable[file].checkpoint.name == checkpoint]
        return sorted(begun, key=lambda file: readable[file].started, reverse=True)[:1]
    named = [file for file, provenance in readable.items() if name in (file.stem, provenance.saved_as)]
    return [file for file in named if readable[file].checkpoint.name == checkpoint] or named


def set_aside(root: Path, file: Path) -> Path | None:
    """Give a run that has a name its date as its name, and say where it is now; None where there is no such run.

    None too where another session was faster. Raises RunError where the file is no run.
    """
    if not os.path.lexists(file):
        return None
    try:
        provenance = read(file).metadata
    except RunError as error:
        if not os.path.lexists(file):
            return None
        raise RunError(f"{file} is no run, and is not overwritten: {error}") from error
    if not provenance.started:
        raise RunError(f"{file} is no run, and is not overwritten: it does not say when it was started")
    aside = dated(root, datetime.fromisoformat(provenance.started), provenance.checkpoint.name or file.stem)
    try:
        file.replace(aside)  # from here on it is whole under one of its names
    except FileNotFoundError:
        aside.unlink(missing_ok=True)
        return None
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise RunError(f"cannot rename {file} as {aside}: {error.strerror}") from error
    run = read(aside)
    write(Run({name: value for name, value in run.provenance.items() if name != "saved_as"}, run.records), aside)
    return aside


def put(root: Path, run: Run, file: Path) -> None:
    """Save a run that has a name; what another session has saved there in the meantime is set aside.

    Raises RunError where it cannot be written.
    """
    while not write_new(run, file):
        set_aside(root, file)


def update_baseline(root: Path, checkpoint: str, run: Run) -> tuple[Path, int]:
    """Put the records of a run into the checkpoint's baseline; records that it has not measured stay as they are.

    Returns the file, and how many records are new or changed. Raises RunError where the baseline measures something
    else.
    """
    try:
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
        with FileLock(root / FOLDER / ".baselines.lock"):  # or records of a session that ends at once would be lost
            return _update_baseline(root, checkpoint, run)
    except OSError as error:
        raise RunError(f"cannot update {root / BASELINES}: {error.strerror or error}") from error


def _update_baseline(root: Path, checkpoint: str, run: Run) -> tuple[Path, int]:
    file = _baseline(root, checkpoint)
    before = read(file) if file.is_file() else Run({}, [])
    if before.records:
        check_comparable(before.metadata, run.metadata)
    records = {record.place: record for record in before.records}
    fresh = {record.place: record for record in run.records if record.outcome != "error"}
    changed = sum(records.get(place) != record for place, record in fresh.items())
    write(Run(run.provenance | {"saved_as": BASELINE}, list((records | fresh).values())), file)
    return file, changed


def _baseline(root: Path, checkpoint: str) -> Path:
    """Where the baseline of a checkpoint lies or is to lie; names such as `a/b` and `a_b` do not share a file."""
    plain = root / BASELINES / f"{_plain(checkpoint)}.jsonl"
    for file in sorted((root / BASELINES).glob("*.jsonl")):
        try:
            if read_provenance(file).checkpoint.name == checkpoint:
                return file
        except RunError:
            if file == plain:
                raise
    return plain.with_name(f"{_plain(checkpoint, is_digested=True)}.jsonl") if plain.exists() else plain
