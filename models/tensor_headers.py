"""What the headers of safetensors files say of a model: number format and size, without reading a weight."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""By the names in the files; quantized formats keep theirs."""


@dataclass(frozen=True)
class Tensors:
    """The tensors of a model on disk."""

    dtype: str = ""
    """The number format of most parameters; empty if no file can be read."""
    parameters: int = 0
    embeddings: int = 0
    """Those of them that are looked up, and not multiplied: the input embeddings."""


def read_tensors(folder: Path) -> Tensors:
    """The tensors in the safetensors files of a folder."""
    files = sorted(folder.glob("*.safetensors"))
    return _read(tuple((file, file.stat().st_size, file.stat().st_mtime_ns) for file in files))


@cache
def _read(files: tuple[tuple[Path, int, int], ...]) -> Tensors:
    formats: Counter[str] = Counter()
    embeddings = 0
    for file, *_ in files:
        for name, dtype, size in _entries(file):
            formats[dtype] += size
            if name.endswith(("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight")):
                embeddings += size
    if not formats:
        return Tensors()
    dtype = formats.most_common(1)[0][0]
    return Tensors(DTYPES.get(dtype, dtype), formats.total(), embeddings)


def _entries(file: Path) -> Iterator[tuple[str, str, int]]:
    """Name, number format and size of each tensor; none where the file cannot be read."""
    try:
        with file.open("rb") as opened:
            header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        for name, value in header.items():
            if name != "__metadata__":
                yield name, value["dtype"], prod(value["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError):
        return  # loading the model reports the error
