"""How an adapter is put on its model, so that all of it is applied."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peft import PeftConfig, PeftModel
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from safetensors.torch import load_file

from benchmark.mazes.errors import CheckpointError

from .adapters import WEIGHTS, read_settings, weight_shapes
from .soundness import check_names, check_numbers


def attach_adapter(model: Any, folder: Path) -> PeftModel:
    """The model with the adapter on it, unmerged.

    Raises CheckpointError where the adapter has weights that match nothing, lacks some, has some that are no numbers,
    or settings that this version of PEFT would leave aside; else what PEFT raises.
    """
    _check_settings(folder)
    what = f"the adapter in {folder} does not fit {type(model).__name__}"
    check_numbers(f"the adapter in {folder} is spoilt", load_file(folder / WEIGHTS).items())
    rows = _vocabulary(model, weight_shapes(folder))
    if rows and rows != model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(rows, mean_resizing=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is checked here
        config = load_config(folder)
        adapted = PeftModel.from_pretrained(model, folder, config=config, use_safetensors=True)
        loaded = adapted.load_adapter(folder, "default", use_safetensors=True)
    missing = {_plain(name) for name in loaded.missing_keys}
    # embeddings that are saved whole are saved a second time under this name, which PEFT itself does not read
    unexpected = {_plain(name) for name in loaded.unexpected_keys if ".modules_to_save." not in name}
    check_names(what, missing, () if config.is_prompt_learning else unexpected)  # prompts are kept apart
    return adapted


def load_config(folder: Path) -> PeftConfig:
    """The settings as PEFT has them; what is null and cannot be is what PEFT takes where nothing is said."""
    config = PeftConfig.from_pretrained(folder)
    for field in fields(config):
        if getattr(config, field.name) is None:
            if field.default_factory is not MISSING:
                setattr(config, field.name, field.default_factory())
            elif field.default is not MISSING:
                setattr(config, field.name, field.default)
    return config


def _plain(name: str) -> str:
    """The name as it stands in the file, without what PEFT puts into it."""
    return name.replace(".default.", ".")


def _vocabulary(model: Any, shapes: Mapping[str, list[int]]) -> int:
    """The rows of the embeddings in an adapter's file, 0 where there are none."""
    embeddings = model.get_input_embeddings()
    name = next((name for name, module in model.named_modules() if module is embeddings), "")
    for ending, axis in (("weight", 0), ("base_layer.weight", 0), ("lora_embedding_A", 1)):
        if shape := shapes.get(f"base_model.model.{name}.{ending}"):
            return shape[axis]
    return 0


def _check_settings(folder: Path) -> None:
    """Raise CheckpointError for a type of adapter, or a setting that is in use, which this version does not know."""
    settings, ours = read_settings(folder), version("peft")
    theirs = settings.get("peft_version") or "another version"
    kind = PEFT_TYPE_TO_CONFIG_MAPPING.get(settings.get("peft_type"))
    if kind is None:
        raise CheckpointError(
            f"the adapter in {folder} has the type {settings.get('peft_type')}, which PEFT {ours} does not know "
            f"(it was saved with {theirs})"
        )
    unknown = {
        name: value
        for name, value in settings.items()
        if name not in kind.__dataclass_fields__ and value not in (None, False, 0, "", [], {})
    }
    if unknown:
        listed = ", ".join(f"{name} = {json.dumps(value)}" for name, value in sorted(unknown.items()))
        raise CheckpointError(
            f"the adapter in {folder} has settings that PEFT {ours} does not know and would leave aside: {listed} "
            f"(it was saved with {theirs})"
        )
