"""Whether the weights in a folder are those of its model: every one that the model has, no others, numbers all.

transformers and PEFT give a weight that they do not find a random value and leave out what they do not know. Such a
model loads, replies and is scored, so that each engine looks here before it asks.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from benchmark.mazes.errors import CheckpointError

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"
SHOWN = 3  # names in an error
COMPARED = 200  # names that a likely prefix is looked for in


def check_names(
    what: str, missing: Collection[str], unexpected: Collection[str], mismatched: Iterable[tuple[str, Any, Any]] = ()
) -> None:
    """Raise CheckpointError where weights are missing, left over or of another shape.

    `what` begins the message: what was loaded, and from where.
    """
    shapes = sorted((name, tuple(there), tuple(wanted)) for name, there, wanted in mismatched)
    wrong = [
        *([f"{len(missing)} of its weights are missing ({_listed(missing)})"] if missing else []),
        *([f"{len(unexpected)} weights are not the model's ({_listed(unexpected)})"] if unexpected else []),
        *(
            f"{name} has the shape {list(there)}, and the model's has {list(wanted)}"
            for name, there, wanted in shapes[:SHOWN]
        ),
    ]
    if wrong:
        raise CheckpointError(f"{what}: {'; '.join(wrong)}.{_hint(missing, unexpected)}")


def check_numbers(what: str, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Raise CheckpointError where a weight is NaN or infinite; `what` begins the message."""
    wrong = []
    for name, value in weights:
        if not value.is_floating_point() or not value.numel() or value.is_meta:
            continue
        if value.dtype.itemsize == 1:
            value = value.to(torch.float32)  # noqa: PLW2901  PyTorch does not compare numbers of 8 bits
        if not all(bool(one.isfinite()) for one in torch.aminmax(value)):
            wrong.append(name)
    if wrong:
        raise CheckpointError(f"{what}: {len(wrong)} of its weights are NaN or infinite ({_listed(wrong)})")


def read_weights(folder: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights in the files of a whole model whose names are wanted, one at a time."""
    for file in files(folder):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118  it is no mapping
                if wanted(name):
                    yield name, opened.get_tensor(name)


def matches(name: str, patterns: Iterable[str] | None) -> bool:
    """Whether one of transformers' patterns is found in a name."""
    return any(re.search(pattern, name) for pattern in patterns or ())


def files(folder: Path) -> list[Path]:
    """The files of a whole model, as transformers chooses them. Raises CheckpointError for an index that is none."""
    if (folder / WHOLE).is_file() or not (folder / INDEX).is_file():
        return [folder / WHOLE]
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot read {folder / INDEX}: {error}") from error
    listed = index.get("weight_map") if isinstance(index, Mapping) else None
    if not isinstance(listed, Mapping):
        raise CheckpointError(f"{folder / INDEX} has no weight_map")
    return [folder / str(name) for name in sorted(set(listed.values()))]


def _listed(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join([*shown[:SHOWN], *(["..."] if len(shown) > SHOWN else [])])


def _hint(missing: Collection[str], unexpected: Collection[str]) -> str:
    """What most of the names have, or lack, that keeps them from being found."""
    if part := _extra(unexpected, missing):
        return f" The names in the files have {part!r} in them, and the model's do not: save the unwrapped model"
    if part := _extra(missing, unexpected):
        return f" The names in the files lack {part!r}, which the model's have"
    return ""


def _extra(longer: Collection[str], shorter: Collection[str]) -> str:
    """The part between dots without which most of the longer names are among the shorter ones, empty where none is."""
    known, parts = set(shorter), Counter[str]()
    compared = sorted(longer)[:COMPARED]
    for name in compared:
        words = name.split(".")
        for first in range(len(words)):
            for last in range(first + 1, min(first + 4, len(words))):
                if ".".join(words[:first] + words[last:]) in known:
                    parts[".".join(words[first:last]) + "."] += 1
    part, count = max(parts.items(), key=lambda one: (one[1], -len(one[0])), default=("", 0))
    return part if 2 * count > len(compared) else ""
