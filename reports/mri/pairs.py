"""Which checkpoints a diff is made of, and which runs are theirs; nothing here loads a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.checkpoints import Checkpoint
from models.weights import content_digest
from reports.run import Run


def find_runs(runs: Mapping[str, Run], checkpoints: Sequence[Checkpoint]) -> dict[str, Run]:
    """Of these runs the longest that each checkpoint gave with the very weights that it has now, by its name."""
    found: dict[str, Run] = {}
    for one in checkpoints:
        content = content_digest(one.weights())
        for run in runs.values():
            asked = run.metadata.checkpoint
            is_its = asked.name == one.name and asked.content == content
            if is_its and (one.name not in found or len(run.records) > len(found[one.name].records)):
                found[one.name] = run
    return found


def find_pairs(checkpoints: Sequence[Checkpoint]) -> dict[str, tuple[Checkpoint, list[Checkpoint]]]:
    """The fine-tunes among these checkpoints with what each chain began from, by its name."""
    found: dict[str, tuple[Checkpoint, list[Checkpoint]]] = {}
    for one in checkpoints:
        chain = list(one.ancestors())
        root = chain[-1] if chain else one.base_model()
        if not one.is_agent and root != one:
            found.setdefault(root.name, (root, []))[1].append(one)
    return found
