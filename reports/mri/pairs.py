"""Finds the checkpoints to compare and their saved runs, without loading a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.checkpoints import Checkpoint
from models.weights import content_digest
from reports.run import Run


def find_runs(runs: Mapping[str, Run], checkpoints: Sequence[Checkpoint]) -> dict[str, Run]:
    """Return the longest run of each checkpoint with its present weights, by the name of the checkpoint."""
    longest: dict[str, Run] = {}
    for checkpoint in checkpoints:
        content = content_digest(checkpoint.weights())
        for run in runs.values():
            info, name = run.metadata.checkpoint, checkpoint.name
            is_same = info.name == name and info.content == content
            if is_same and (name not in longest or len(run.records) > len(longest[name].records)):
                longest[name] = run
    return longest


def find_pairs(checkpoints: Sequence[Checkpoint]) -> dict[str, tuple[Checkpoint, list[Checkpoint]]]:
    """Return the base of each chain of checkpoints with its fine-tunes among these, by the name of the base."""
    pairs: dict[str, tuple[Checkpoint, list[Checkpoint]]] = {}
    for checkpoint in checkpoints:
        chain = list(checkpoint.ancestors())
        root = chain[-1] if chain else checkpoint.base_model()
        if not checkpoint.is_agent and root != checkpoint:
            pairs.setdefault(root.name, (root, []))[1].append(checkpoint)
    return pairs
