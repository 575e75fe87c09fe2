"""Where a run comes from: everything that somebody needs to do it again."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.prompt import PromptOptions, digest_prompt
from benchmark.mazes.suite import Suite
from models import hardware
from models.audit import audit
from models.checkpoints import Checkpoint
from models.engines import ENGINES, installed_versions

PACKAGES = ("numpy", "numba", "trl", "pytest")
"""Packages that matter whichever engine replies; those of the engines stand in `ENGINES`."""


class Provenance(TypedDict, total=False):
    """The first line of a run, beside `schema`. Older runs lack some of it."""

    checkpoint: dict[str, Any]
    """Who was asked: name, kind (built, folder, hub, served, agent); of what has weights the sha256 of all that decides
    its replies (content), of its weights, of an adapter's base and of the chat template, the card of the recipe with
    its seed, settings, data and figures, the curve of its training (loss, reward, solved: pairs of step and value), and
    the cards of what it was built from (chain, the nearest first)."""
    suite: str
    """The version of the suite: the seeds of all mazes are made from it and from their names."""
    suite_digest: str
    """The sha256 of all mazes of the suite."""
    prompt_digest: str
    """The sha256 of how a maze becomes a question: a probe maze, asked in this way."""
    drawing: str
    """The style in which mazes are drawn."""
    style: str
    """`plain` for a text to continue, `chat` for messages."""
    language: str
    """`en` or `pt`."""
    shots: int
    """Examples before the question."""
    reasoning: bool
    """Whether thoughts were asked for before the answer."""
    glyphs: bool
    """Whether each maze had characters of its own."""
    tokenizer: dict[str, Any] | None
    """How the first maze of the medium tier, drawn as was asked, is cut into tokens: the fields of
    `models.audit.Audit`; null where no tokenizer.json is here to be asked, and for drawings without rows."""
    engine: dict[str, Any]
    """What replied: engine, versions, dtype, determinism mode; sampling (temperature, samples; seeds are made from the
    case's and sample's names); how many replies were cached and asked, the tokens of those asked, seconds, and how many
    of these were spent waiting for the engine to start; flips, where it was asked again (`--flip-rate`)."""
    started: str
    """When the session began (ISO 8601, UTC)."""
    ended: str | None
    """When it ended; null in a run that was cut off."""
    command: list[str]
    """The command line."""
    git: dict[str, Any] | None
    """The commit, and whether the checkout differed from it (dirty); null without git."""
    python: str
    """The version of Python."""
    packages: dict[str, str]
    """The versions of the packages that matter, of those that are installed."""
    machine: dict[str, Any]
    """System, processor, cores, device (the GPU's name, or cpu)."""
    saved_as: str
    """The name that `--save` gave it, or `baseline`."""


def provenance(
    checkpoint: Checkpoint, suite: Suite, root: Path, started: datetime, asked: Mapping[str, Any]
) -> Provenance:
    """What is known of a run before it has ended; `asked` is how it was asked (`PromptOptions.record`)."""
    return Provenance(
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
        packages=installed_versions(*PACKAGES, *(name for info in ENGINES.values() for name in info.packages)),
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
    found = audit(weights, suite.cases(suite.tiers[len(suite.tiers) // 2])[0].maze, drawing)
    return found and asdict(found)


def _device() -> str:
    """The GPU if there is one."""
    if not hardware.has_cuda():
        return "cpu"
    import torch

    return torch.cuda.get_device_name()


def _git(root: Path) -> dict[str, Any] | None:
    """Commit and whether the checkout differs from it; None where there is no git or no checkout."""
    try:
        commit = _output(root, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_output(root, "status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _output(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout.strip()
