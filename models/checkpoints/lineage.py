"""What a model card takes from the parent of a checkpoint: license and base model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.card import metadata, readme
from models.weights import is_adapter

from .base import Checkpoint

OURS = "apache-2.0"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def model_card(folder: Path, record: Mapping[str, Any], parent: Checkpoint | None) -> str:
    """The text of a README.md for the checkpoint in a folder, see `models.card.readme`."""
    return readme(folder, record, lineage(folder, record, parent))


def lineage(folder: Path, record: Mapping[str, Any], parent: Checkpoint | None) -> dict[str, Any]:
    """The header fields that a fine-tune takes from its parent: license, base model and relation."""
    if not record["parent"]:
        return {"license": OURS}
    relation = {"base_model_relation": "adapter" if is_adapter(folder) else "finetune"}
    chain = [parent, *parent.ancestors()] if parent else []
    if parent and not any(checkpoint.is_missing for checkpoint in chain):
        return _license(chain[-1]) | {"base_model": _base_model(parent)} | relation
    old = metadata(folder / "README.md")
    if "base_model" not in old:
        return {"base_model": record["parent"]["name"]} | relation
    return {
        name: old[name] for name in ("license", "license_name", "license_link", "base_model") if name in old
    } | relation


def _license(root: Checkpoint) -> dict[str, str]:
    """The license fields in the model card of a chain's first checkpoint, or of its base if it is an adapter."""
    weights = root.weights()
    for folder in dict.fromkeys((weights.folder, weights.whole)):
        fields = metadata(folder / "README.md")
        if isinstance(fields.get("license"), str):
            return {
                name: fields[name]
                for name in ("license", "license_name", "license_link")
                if isinstance(fields.get(name), str)
            }
    return {}


def _base_model(parent: Checkpoint) -> str:
    """The parent's name on the hub if that is known, else its local name; never a folder of this machine."""
    name = parent.adapter_settings()["base_model_name_or_path"]
    if not Path(name).is_absolute():
        return name
    try:
        origin = json.loads((Path(name) / "config.json").read_text(encoding="utf-8")).get("_name_or_path")
    except (OSError, ValueError, AttributeError, RecursionError):
        origin = None
    return (
        origin if isinstance(origin, str) and _HUB_ID.fullmatch(origin) else parent.base_model().name.rpartition("/")[2]
    )
