"""A model in a .gguf file, which is converted to safetensors once."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError
from models import gguf, processes, store
from models.weights import Weights, file_digest, weights_digest

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
        """Convert the file into a folder, with a record and a model card."""
        if not processes.is_first():
            return
        if not find_spec("gguf"):
            raise CheckpointError(
                f"{self.file} cannot be read without the package gguf: install it (`pip install gguf==0.19.0`)"
            )
        from models.card import gguf_readme  # it imports huggingface_hub
        from models.gguf_conversion import convert  # it imports transformers

        started, header = time.monotonic(), self.header
        print(f"{self.name}: {self.file.name} is converted to safetensors, once", flush=True)
        notes = convert(header, target)
        record = {
            "name": self.name,
            "digest": self.digest(),
            "gguf": {
                "file": self.file.name,
                "sha256": file_digest(self.file),
                "name": header.metadata.get("general.name"),
                "license": header.metadata.get("general.license"),
                "base_model": self.base_model_id or header.base_model,
                "architecture": header.architecture,
                "parameters": header.parameters,
                "quantization": header.quantization,
                "restored": notes.restored,
                "lost": notes.lost,
            },
            "weights": weights_digest(target),
            "versions": {name: version(name) for name in ("gguf", "tokenizers", "transformers")},
            "seconds": round(time.monotonic() - started, 1),
        }
        (target / store.RECORD).write_text(json.dumps(record, indent=2) + "\n")
        (target / "README.md").write_text(gguf_readme(record), encoding="utf-8")
