"""The parts of the commands of `python -m models` that need transformers."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import inspection, load, store
from .adapter_check import check_adapter
from .checkpoints import Built
from .checkpoints.lineage import model_card
from .weights import is_adapter

__all__ = ["check_adapter", "inspection", "write_checkpoint"]


def write_checkpoint(checkpoint: Built, folder: Path, target: Path, merged: bool) -> None:
    """Write the files of the checkpoint in `folder` into a new folder, with `merged` as one whole model."""
    shutil.copytree(folder, target)
    if merged and is_adapter(folder):
        load.model(checkpoint.weights()).merge_and_unload(safe_merge=True).save_pretrained(target)
        for file in target.glob("adapter_*"):
            file.unlink()
    text = model_card(target, store.read_record(target) or {}, checkpoint.parent)
    (target / "README.md").write_text(text, encoding="utf-8")
