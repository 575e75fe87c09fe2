"""The store of built checkpoints on disk: one folder each, named by the digest of the whole recipe, built once.

    LABIRINTO_HOME (default: the user's cache folder)
    └── checkpoints
        ├── sft-4f1c09…         a finished checkpoint: weights, tokenizer, labirinto.json
        ├── sft-4f1c09….lock    locked by the process that builds it
        └── sft-4f1c09….part    the state of an unfinished build, which resumes from it

A checkpoint is built in another folder and renamed when it is finished, so a folder under its final name is complete.
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
    """The folder of all files that Labirinto stores outside the checkout: LABIRINTO_HOME or the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("LABIRINTO_HOME")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("labirinto")


def check_writable() -> None:
    """Raise CheckpointError if the store's folder cannot be created or written to."""
    folder = home() / "checkpoints"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CheckpointError(
            f"cannot store checkpoints in {folder}: {error.strerror}. Set LABIRINTO_HOME to a writable folder"
        ) from error


def folder(name: str, digest: str) -> Path:
    """The folder of the checkpoint with this digest, which need not exist.

    Raises CheckpointError for a name that could lead out of the store.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise CheckpointError(
            f"{name!r} is not a valid name for a folder of the store: use letters, digits, `_`, `.` and `-`"
        )
    return home() / "checkpoints" / f"{name}-{digest[:16]}"


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record of the checkpoint in a folder; None if there is none, or it cannot be read."""
    try:
        record = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def obtain(
    name: str, digest: str, build: Callable[[Path, Path], None], fault: Callable[[Path], str] | None = None
) -> Path:
    """The folder of a checkpoint. It is built if it is missing, and rebuilt if `fault` finds an error in it.

    Independent processes exclude each other with a lock: one builds, the others wait and use the result. Processes that
    `accelerate launch` has started build together: all of them call `build`, the first one holds the lock and changes
    folders, and at each barrier (`processes.together`) all wait until it has done so.

    Args:
        name: the name of the recipe.
        digest: the digest of the recipe.
        build: `build(target, work)` writes the checkpoint into the empty folder `target`; it may write into `work` what
            it needs to resume after an interruption.
        fault: what is wrong with the checkpoint in a folder; empty if nothing is.

    Raises CheckpointError if the store cannot be written to.
    """
    finished = folder(name, digest)
    processes.together()  # before the first of them changes the folder, so that all see the same
    if finished.is_dir() and not (fault and fault(finished)):
        return finished
    check_writable()
    with _locked(name, finished) if processes.is_first() else nullcontext():
        work, target = Path(f"{finished}.part"), Path(f"{finished}.part") / "checkpoint"
        if processes.is_first():
            _prepare_folders(name, finished, target, fault)
        processes.together()
        # checked again: another process may have built it while this one waited for the lock
        if not finished.is_dir():
            build(target, work)
            processes.together()  # all have written their part
            if processes.is_first():
                target.rename(finished)
                shutil.rmtree(work, ignore_errors=True)
        processes.together()
    return finished


def _prepare_folders(name: str, finished: Path, target: Path, fault: Callable[[Path], str] | None) -> None:
    """Remove a faulty checkpoint, and what an interrupted build wrote into `target`, which may be incomplete."""
    if finished.is_dir() and fault and (reason := fault(finished)):
        print(f"{name} is built again: {reason}")
        shutil.rmtree(finished)
    shutil.rmtree(target, ignore_errors=True)
    if not finished.is_dir():
        target.mkdir(parents=True)


@contextmanager
def _locked(name: str, finished: Path) -> Iterator[None]:
    """Hold the lock of a checkpoint. The operating system releases the lock of a process that was killed."""
    from filelock import FileLock, Timeout

    lock = FileLock(f"{finished}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{name} is being built by another process; waiting for it ({finished}.lock)", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
