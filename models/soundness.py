"""Checks of weights: all weights of the model are there, no others, and no value is NaN or infinite.

transformers and PEFT initialize a missing weight at random, and ignore an unknown one. Such a model loads, replies and
gets a score. Every engine therefore checks the weights before it generates.
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
SHOWN = 3  # names in an error message
COMPARED = 200  # names that are searched for a common part


def check_names(
    message_start: str,
    missing: Collection[str],
    unexpected: Collection[str],
    mismatched: Iterable[tuple[str, Any, Any]] = (),
) -> None:
    """Raise CheckpointError if weights are missing, unexpected or of another shape.

    Args:
        message_start: how the message begins: what was loaded, and from where.
        missing: names of the model's weights that the files do not have.
        unexpected: names in the files that the model does not have.
        mismatched: a name, the shape in the files, and the shape in the model.
    """
    shapes = sorted((name, tuple(in_file), tuple(in_model)) for name, in_file, in_model in mismatched)
    problems = [
        *([f"{len(missing)} of its weights are missing ({_list_names(missing)})"] if missing else []),
        *([f"{len(unexpected)} weights do not belong to the model ({_list_names(unexpected)})"] if unexpected else []),
        *(
            f"{name} has the shape {list(in_file)} in the file and {list(in_model)} in the model"
            for name, in_file, in_model in shapes[:SHOWN]
        ),
    ]
    if problems:
        raise CheckpointError(f"{message_start}: {'; '.join(problems)}.{_hint(missing, unexpected)}")


def check_numbers(message_start: str, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Raise CheckpointError if a weight has a value that is NaN or infinite; `message_start` begins the message."""
    wrong = []
    for name, value in weights:
        if not value.is_floating_point() or not value.numel() or value.is_meta:
            continue
        if value.dtype.itemsize == 1:
            value = value.to(torch.float32)  # noqa: PLW2901  PyTorch does not compare numbers of 8 bits
        # minimum and maximum suffice, since NaN makes both NaN; they need no memory for a mask of all values
        if not all(bool(extreme.isfinite()) for extreme in torch.aminmax(value)):
            wrong.append(name)
    if wrong:
        raise CheckpointError(
            f"{message_start}: {len(wrong)} of its weights are NaN or infinite ({_list_names(wrong)})"
        )


def read_weights(folder: Path, select: Callable[[str], bool]) -> Iterator[tuple[str, torch.Tensor]]:
    """The names and values of the weights in a whole model's folder whose names are selected, one at a time."""
    for file in files(folder):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118  `opened` is not a mapping
                if select(name):
                    yield name, opened.get_tensor(name)


def matches(name: str, patterns: Iterable[str] | None) -> bool:
    """Whether one of these regular expressions, as transformers has them, matches a part of a name."""
    return any(re.search(pattern, name) for pattern in patterns or ())


def files(folder: Path) -> list[Path]:
    """The weight files of a whole model, as transformers chooses them. Raises CheckpointError for a broken index."""
    if (folder / WHOLE).is_file() or not (folder / INDEX).is_file():
        return [folder / WHOLE]
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot read {folder / INDEX}: {error}") from error
    weight_map = index.get("weight_map") if isinstance(index, Mapping) else None
    if not isinstance(weight_map, Mapping):
        raise CheckpointError(f"{folder / INDEX} has no weight_map. Save the model again")
    return [folder / str(name) for name in sorted(set(weight_map.values()))]


def _list_names(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join([*shown[:SHOWN], *(["..."] if len(shown) > SHOWN else [])])


def _hint(missing: Collection[str], unexpected: Collection[str]) -> str:
    """A sentence about a part that most names in the files have and the model's do not, or the other way round."""
    if part := _find_extra_part(unexpected, missing):
        return f" Names in the files contain {part!r}, names in the model do not. Save the unwrapped model"
    if part := _find_extra_part(missing, unexpected):
        return f" Names in the files lack {part!r}, which names in the model contain"
    return ""


def _find_extra_part(longer: Collection[str], shorter: Collection[str]) -> str:
    """The part without which more than half of the longer names are among the shorter ones, such as `module.`.

    Wrappers of PyTorch (DataParallel, compile, FSDP) add such a part, at the start of a name or within. All parts of up
    to three words between dots are tried. Returns "" if there is none.
    """
    shorter_names, parts = set(shorter), Counter[str]()
    compared = sorted(longer)[:COMPARED]
    for name in compared:
        words = name.split(".")
        for first in range(len(words)):
            for last in range(first + 1, min(first + 4, len(words))):
                if ".".join(words[:first] + words[last:]) in shorter_names:
                    parts[".".join(words[first:last]) + "."] += 1
    # the most frequent part; of equally frequent ones the shortest
    part, count = max(parts.items(), key=lambda item: (item[1], -len(item[0])), default=("", 0))
    return part if 2 * count > len(compared) else ""
