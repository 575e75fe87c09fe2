"""Built checkpoints on disk: one folder each, addressed by the digest of the whole recipe, built once.

    LABIRINTO_HOME (default: the user's cache folder)
    └── checkpoints
        ├── sft-4f1c09…         a finished checkpoint: weights, tokenizer, labirinto.json
        ├── sft-4f1c09….lock    held by the process that builds it
        └── sft-4f1c09….part    what an interrupted build goes on from

A checkpoint is built beside its place and renamed into it, so a folder under its own name is whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmark.mazes.errors import CheckpointError

CARD = "labirinto.json"  # recipe, digest and figures of a checkpoint, beside its weights


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
    """Where the checkpoint of that digest stands, or would."""
    return home() / "checkpoints" / f"{name}-{digest[:16]}"


def obtain(
    name: str, digest: str, build: Callable[[Path, Path], None], fault: Callable[[Path], str] | None = None
) -> Path:
    """The folder of a checkpoint, built if it is missing, and built again if `fault` finds something wrong with it.

    `build(target, work)` writes the checkpoint into the new folder `target` and may keep in `work` what it needs to
    go on after an interruption. Of several processes one builds and the others wait.
    Raises CheckpointError where the store cannot be written to.
    """
    from filelock import FileLock, Timeout

    place = folder(name, digest)
    if place.is_dir() and not (fault and fault(place)):
        return place
    check_writable()
    lock = FileLock(f"{place}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"{name} is being built by another process; waiting for it ({place}.lock)")
        lock.acquire()
    try:
        if place.is_dir() and fault and (wrong := fault(place)):
            print(f"{name} is built again: {wrong}")
            shutil.rmtree(place)
        if not place.is_dir():
            work, target = Path(f"{place}.part"), Path(f"{place}.part") / "checkpoint"
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            build(target, work)
            target.rename(place)
            shutil.rmtree(work, ignore_errors=True)
    finally:
        lock.release()
    return place
