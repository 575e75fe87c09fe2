"""Finds .gguf files, and reads their headers: the metadata and the table of tensors, not the tensors.

The format is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. This file imports no library, because
the prompt style of a checkpoint is needed while test cases are collected. `gguf_conversion` reads the tensors.
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError

SUFFIX = ".gguf"
CHUNK = re.compile(r"\.gguf\.?part\w*$", re.IGNORECASE)
"""The end of the name of a chunk of a file that was cut up, such as model.gguf.part00."""
SPLIT = re.compile(r"-\d{5}-of-(?P<files>\d{5})$")
"""The end of the stem of one file of a split model, such as model-00001-of-00002."""
SUPPORTED_VERSIONS = (2, 3)
LONGEST_ARRAY = 4096
"""Longer arrays, such as the vocabulary, are represented by their length."""

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9

TENSOR_TYPES: Mapping[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}
"""The name of a type of tensors, the number of values in a block, and the bytes of a block."""
PLAIN = ("F32", "F16", "BF16", "F64")
"""The types that are no quantization."""


@dataclass(frozen=True)
class Tensor:
    """An entry of the table of tensors."""

    name: str
    shape: tuple[int, ...]
    """In the order of the file: the dimension whose values lie side by side comes first."""
    type: str
    """The name of its type in `TENSOR_TYPES`; for others the number."""
    end: int
    """The position of the byte after its last one, from the start of the tensors' data; 0 for an unknown type."""

    @property
    def values(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """The metadata of a .gguf file, and its table of tensors."""

    file: Path
    metadata: Mapping[str, Any]
    """An array of more than `LONGEST_ARRAY` elements is represented by its length."""
    tensors: tuple[Tensor, ...]

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    @property
    def chat_template(self) -> str | None:
        template = self.metadata.get("tokenizer.chat_template")
        return template if isinstance(template, str) and template.strip() else None

    @property
    def base_model(self) -> str:
        """The model on the hub that was quantized, `org/name`, if the file names one; else empty."""
        address = str(self.metadata.get("general.base_model.0.repo_url") or "")
        match = re.fullmatch(r"https://huggingface\.co/([\w.-]+/[\w.-]+)/?", address)
        return match[1] if match else ""

    @property
    def parameters(self) -> int:
        return sum(tensor.values for tensor in self.tensors)

    @property
    def quantization(self) -> str:
        """The types of its quantized tensors, that with most parameters first, such as `Q4_1, Q8_0`; else empty."""
        counts: Counter[str] = Counter()
        for tensor in self.tensors:
            counts[tensor.type] += tensor.values
        return ", ".join(name for name, _ in counts.most_common() if name not in PLAIN)


def find_file(folder: Path) -> Path | None:
    """The .gguf file in a folder; None if there is none.

    Raises CheckpointError if there are several, or the chunks of one.
    """
    files = sorted(file for file in folder.iterdir() if file.name.lower().endswith(SUFFIX))
    # the part of a model that reads images lies beside it, under such a name
    models = [file for file in files if not file.name.lower().startswith("mmproj")] or files
    if len(models) > 1 and not SPLIT.search(models[0].stem):
        listed = ", ".join(file.name for file in models)
        raise CheckpointError(f"{folder} contains several .gguf files: pass the path of one of them ({listed})")
    if models:
        return models[0]
    if chunks := sorted(file.name for file in folder.iterdir() if CHUNK.search(file.name)):
        raise CheckpointError(
            f"{folder} contains chunks of a .gguf file ({', '.join(chunks)}): join all of them first, in this order "
            "(`cat model.gguf.part* > model.gguf`), and pass the path of the result"
        )
    return None


def find_in_package(package: str) -> Path | None:
    """The .gguf file in the folder of an installed package, which is not imported; None if there is none.

    Raises CheckpointError if there are several, or chunks of one.
    """
    name = package.replace("-", "_")
    spec = find_spec(name) if name.isidentifier() else None
    folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    return next((file for folder in folders if folder.is_dir() and (file := find_file(folder))), None)


def read_header(file: Path) -> Header:
    """The header of a file. It is read once for each state of the file.

    Raises CheckpointError if the file is missing, is no GGUF, is cut off, or is not a whole language model.
    """
    try:
        state = file.stat()
    except OSError as error:
        raise CheckpointError(f"cannot read {file}: {error.strerror}") from error
    return _read_header(file, state.st_ino, state.st_size, state.st_mtime_ns)


@cache
def _read_header(file: Path, *_state: int) -> Header:
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            header = _parse(file, content)
    except OSError as error:
        raise CheckpointError(f"cannot read {file}: {error.strerror}") from error
    except (struct.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        # a position behind the end of the file, or an empty file; which of the numbers is wrong cannot be told
        raise CheckpointError(
            f"{file} is not a whole GGUF file: its header is cut off or damaged. Download it again"
        ) from error
    _check(header)
    return header


def _parse(file: Path, content: mmap.mmap) -> Header:
    if content[:4] != b"GGUF":
        raise CheckpointError(f"{file} is not a GGUF file: it does not begin with `GGUF`")
    reader = _Reader(content, 4)
    version = reader.number("I")
    if version not in SUPPORTED_VERSIONS:
        big_endian = " (or a file for machines with the other order of bytes)" if version > 2**16 else ""
        raise CheckpointError(f"{file} has version {version} of GGUF{big_endian}: use a file of version 2 or 3")
    tensor_count, entry_count = reader.number("Q"), reader.number("Q")
    metadata = {reader.text(): reader.value(reader.number("I")) for _ in range(entry_count)}
    tensors = tuple(_tensor(reader) for _ in range(tensor_count))
    alignment = metadata.get("general.alignment", 32)
    start = -(-reader.position // alignment) * alignment
    header = Header(file, metadata, tensors)
    if tensors and start + max(tensor.end for tensor in tensors) > len(content):
        expected = start + max(tensor.end for tensor in tensors)
        raise CheckpointError(
            f"{file} is cut off: it has {len(content):,} bytes, and its header describes {expected:,}. Download it "
            "again"
        )
    return header


def _tensor(reader: _Reader) -> Tensor:
    name = reader.text()
    shape = tuple(reader.number("Q") for _ in range(reader.number("I")))
    number, offset = reader.number("I"), reader.number("Q")
    name_of_type, per_block, block_bytes = TENSOR_TYPES.get(number, (f"type {number}", 1, 0))
    size = math.prod(shape) // per_block * block_bytes
    return Tensor(name, shape, name_of_type, offset + size if size else 0)


class _Reader:
    """Reads values one after the other. Numbers are little-endian."""

    def __init__(self, content: mmap.mmap, position: int) -> None:
        self.content, self.position = content, position

    def number(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"<{form}", self.content, self.position)
        self.position += struct.calcsize(f"<{form}")
        return value

    def text(self) -> str:
        start = self._skip(self.number("Q"))
        return self.content[start : self.position].decode("utf-8", errors="replace")

    def value(self, kind: int) -> Any:
        """A value of a kind that the format defines, see `_NUMBERS`."""
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY:
            return self.number(_NUMBERS.get(kind, "unknown"))
        element, count = self.number("I"), self.number("Q")
        if count <= LONGEST_ARRAY:
            return [self.value(element) for _ in range(count)]
        if element == _TEXT:
            for _ in range(count):
                self._skip(self.number("Q"))
        else:
            self._skip(count * struct.calcsize(f"<{_NUMBERS.get(element, 'unknown')}"))
        return count

    def _skip(self, length: int) -> int:
        """Move on by a number of bytes. Returns the position before."""
        start, self.position = self.position, self.position + length
        if self.position > len(self.content):
            raise ValueError("the value ends behind the file")
        return start


def _check(header: Header) -> None:
    """Raise CheckpointError if a file is not a whole language model."""
    file, kind = header.file, header.metadata.get("general.type", "model")
    split = SPLIT.search(file.stem)
    if header.metadata.get("split.count", 0) > 1 or (split and int(split["files"]) > 1):
        raise CheckpointError(
            f"{file} is one file of a split model: join the files first (`llama-gguf-split --merge` of llama.cpp), and "
            "pass the path of the result"
        )
    if kind == "mmproj" or header.architecture == "clip":
        raise CheckpointError(
            f"{file} is the part of a model that reads images (mmproj): pass the file of its language model"
        )
    if kind != "model" or not header.architecture or not header.tensors:
        raise CheckpointError(
            f"{file} is not a language model: its type is {kind!r}, with {len(header.tensors)} tensors"
        )
