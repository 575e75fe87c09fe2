"""Converts the file of a `GGUF` checkpoint, with a record and a model card: the heavy half of `gguf`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from models import store
from models.card import gguf_readme
from models.gguf import Header
from models.gguf_conversion import convert
from models.weights import file_digest, weights_digest

LIBRARIES = ("gguf", "tokenizers", "transformers")


def build(header: Header, base_model_id: str, names: Mapping[str, str], target: Path) -> None:
    """Convert a file into a folder. Raises CheckpointError if the file cannot be read.

    Args:
        header: that of the file.
        base_model_id: the model on the hub that was quantized; empty to take it from the file.
        names: name and digest of the checkpoint, for the record.
        target: the folder.
    """
    started = time.monotonic()
    notes = convert(header, target)
    record = {
        **names,
        "gguf": {
            "file": header.file.name,
            "sha256": file_digest(header.file),
            "name": header.metadata.get("general.name"),
            "license": header.metadata.get("general.license"),
            "base_model": base_model_id or header.base_model,
            "architecture": header.architecture,
            "parameters": header.parameters,
            "quantization": header.quantization,
            "restored": notes.restored,
            "lost": notes.lost,
        },
        "weights": weights_digest(target),
        "versions": {name: version(name) for name in LIBRARIES},
        "seconds": round(time.monotonic() - started, 1),
    }
    (target / store.RECORD).write_text(json.dumps(record, indent=2) + "\n")
    (target / "README.md").write_text(gguf_readme(record), encoding="utf-8")
