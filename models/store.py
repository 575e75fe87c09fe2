"""Built checkpoints on disk: one folder each, addressed by the digest of the whole recipe, built once.

    LABIRINTO_HOME (default: the user's cache folder)
    └── checkpoints
        ├── sft-4f1c09…         a finished checkpoint: weights, tokenizer, labirinto.json
        ├── sft-4f1c09….lock    held by the process that builds it
        └── sft-4f1c09….part    what an interrupted build goes on from

A checkpoint is built beside its place and renamed into it, so a folder under its own name is whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError

from . import processes

RECORD = "labirinto.json"  # recipe, digest and figures of a checkpoint, beside its weights


def home() -> Path:
    """The folder of all that Labirinto keeps outside the checkout."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("LABIRINTO_HOME")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("labirinto")


def check_writable() -> None:
    """Raise CheckpointError where the store's folder cannot be made or written to."""
    folder = home() / "checkpoints"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CheckpointError(
            f"cannot keep checkpoints in {folder}: {error.strerror}. "
            "Set LABIRINTO_HOME to a folder that can be written to."
        ) from error


def folder(name: str, digest: str) -> Path:
    """Where the checkpoint of that digest stands, or would. Raises CheckpointError for a name with a folder in it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise CheckpointError(f"{name!r} is no name for a folder of the store")
    return home() / "checkpoints" / f"{name}-{digest[:16]}"


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record of the checkpoint in a folder, None where there is none that can be read."""
    try:
        found = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def obtain(
    name: str, digest: str, build: Callable[[Path, Path], None], fault: Callable[[Path], str] | None = None
) -> Path:
    """The folder of a checkpoint, built if it is missing, and built again if `fault` finds something wrong with it.

    `build(target, work)` writes the checkpoint into the new folder `target` and may keep in `work` what it needs to
    go on after an interruption. Of several processes one builds and the others wait; those that `accelerate launch` has
    started build together, and the first of them keeps the lock.
    Raises CheckpointError where the store cannot be written to.
    """
    place = folder(name, digest)
    processes.together()  # what they find there is the same for all
    if place.is_dir() and not (fault and fault(place)):
        return place
    check_writable()
    with _locked(name, place) if processes.is_first() else nullcontext():
        work, target = Path(f"{place}.part"), Path(f"{place}.part") / "checkpoint"
        if processes.is_first():
            if place.is_dir() and fault and (wrong := fault(place)):
                print(f"{name} is built again: {wrong}")
                shutil.rmtree(place)
            shutil.rmtree(target, ignore_errors=True)
            if not place.is_dir():
                target.mkdir(parents=True)
        processes.together()
        if not place.is_dir():
            build(target, work)
            processes.together()
            if processes.is_first():
                target.rename(place)
                shutil.rmtree(work, ignore_errors=True)
        processes.together()
    return place


@contextmanager
def _locked(name: str, place: Path) -> Iterator[None]:
    """Hold the lock of a checkpoint; that of an owner who died is free."""
    from filelock import FileLock, Timeout

    lock = FileLock(f"{place}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{name} is being built by another process; waiting for it ({place}.lock)", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
