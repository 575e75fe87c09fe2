"""A model in a .gguf file, which is converted to safetensors once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError
from models import gguf, processes, store
from models.weights import Weights, file_digest

from .base import Checkpoint
from .built import fault

CONVERSION = 1
"""The version of the conversion, which is part of the address of its result: raise it if the result changes."""
STORE_NAME = "gguf"


@dataclass(frozen=True)
class GGUF(Checkpoint):
    """A model in a .gguf file. `weights()` converts it into a folder of the store, unless that was done before."""

    file: Path
    base_model_id: str = ""
    """The model on the hub that was quantized, if it is known."""
    reference: str = ""
    """How the settings of an adapter name it; empty: by the path of the file."""

    @property
    def header(self) -> gguf.Header:
        """The metadata of the file. Raises CheckpointError if it is not a whole language model."""
        return gguf.read_header(self.file)

    @property
    def prompt_style(self) -> str:
        """`chat` if the file has a chat template."""
        return "chat" if self.header.chat_template else "plain"

    @property
    def is_missing(self) -> bool:
        return self.place() is None

    @cached_property
    def _digest(self) -> str:
        _ = self.header  # a damaged file has no digest
        content = {"gguf": file_digest(self.file), "conversion": CONVERSION}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def content(self) -> str:
        """The sha256 of the file and of the version of the conversion: it is known before the conversion."""
        return self._digest

    def stored(self) -> Path:
        """Its folder in the store, which need not exist."""
        return store.folder(STORE_NAME, self.digest())

    def place(self) -> Path | None:
        """The folder of the converted model; None if it is missing or damaged."""
        return folder if (folder := self.stored()).is_dir() and not fault(folder) else None

    def weights(self) -> Weights:
        folder = self.place()
        return Weights(folder or store.obtain(STORE_NAME, self.digest(), lambda target, _: self._build(target), fault))

    def adapter_settings(self) -> dict[str, str]:
        return {"base_model_name_or_path": self.reference or str(self.file)}

    def provenance(self) -> dict[str, Any]:
        record = store.read_record(self.weights().folder) or {}
        return super().provenance() | {"content": self.content(), "recipe": None, "gguf": record.get("gguf")}

    def _build(self, target: Path) -> None:
        """Convert the file into a folder. Raises CheckpointError if it cannot be read."""
        if not processes.is_first():
            return
        if not find_spec("gguf"):
            raise CheckpointError(
                f"{self.file} cannot be read without the package gguf: install it (`pip install gguf==0.19.0`)"
            )
        from .gguf_building import build  # it imports transformers

        print(f"{self.name}: {self.file.name} is converted to safetensors, once", flush=True)
        build(self.header, self.base_model_id, {"name": self.name, "digest": self.digest()}, target)
