"""The provenance of a run: everything that is needed to repeat it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.prompt import PromptOptions, digest_prompt
from benchmark.mazes.suite import Suite
from models import hardware
from models.audit import audit
from models.checkpoints import Checkpoint
from models.engines import installed_versions, list_packages

PACKAGES = ("numpy", "numba", "trl", "pytest")
"""Packages that matter whichever engine replies; `models.engines` lists those of the engines."""


def collect_provenance(
    checkpoint: Checkpoint, suite: Suite, root: Path, started: datetime, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of `schema.Provenance` that are known before a run has ended, as they are written.

    `asked` is how the mazes were asked (`PromptOptions.record`).
    """
    return dict(
        checkpoint=checkpoint.provenance(),
        suite=suite.name,
        suite_digest=suite.digest,
        prompt_digest=digest_prompt(PromptOptions.from_record(asked)),
        **asked,
        tokenizer=_tokenizer(checkpoint, suite, asked["drawing"]),
        started=started.isoformat(timespec="seconds"),
        command=sys.argv,
        git=_git(root),
        python=platform.python_version(),
        packages=installed_versions(*PACKAGES, *list_packages()),
        machine={
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "device": _device(),
        },
    )


def _tokenizer(checkpoint: Checkpoint, suite: Suite, drawing: str) -> dict[str, Any] | None:
    try:
        weights = checkpoint.weights()
    except CheckpointError:  # an agent, or served elsewhere
        return None
    tokenizer_audit = audit(weights, suite.cases(suite.tiers[len(suite.tiers) // 2])[0].maze, drawing)
    return None if tokenizer_audit is None else asdict(tokenizer_audit)


def _device() -> str:
    """The GPU if there is one."""
    if not hardware.has_cuda():
        return "cpu"
    return str(hardware.load_torch().cuda.get_device_name())


def _git(root: Path) -> dict[str, Any] | None:
    """Commit and whether the checkout differs from it; None where there is no git or no checkout."""
    try:
        commit = _output(root, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_output(root, "status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _output(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout.strip()
