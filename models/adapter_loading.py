"""Loads an adapter onto its base model, and checks that all of its weights are applied."""

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
    """The model with the adapter attached, unmerged.

    PEFT ignores weights that it cannot place, and initializes missing ones at random; here both are errors.

    Raises CheckpointError if the adapter has weights that match nothing, lacks weights, has values that are NaN or
    infinite, or settings that this version of PEFT would ignore. Other errors are those of PEFT.
    """
    _check_settings(folder)
    check_numbers(f"the adapter in {folder} is damaged", load_file(folder / WEIGHTS).items())
    # an adapter that was trained with added tokens contains larger embeddings than its base
    rows = _count_embeddings(model, weight_shapes(folder))
    if rows and rows != model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(rows, mean_resizing=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about missing and unexpected weights, which are checked below
        config = load_config(folder)
        # the adapter computes in the number format of its base; PEFT's default is float32 always
        how = {"use_safetensors": True, "autocast_adapter_dtype": False}
        adapted = PeftModel.from_pretrained(model, folder, config=config, **how)
        # `from_pretrained` does not return which weights it could not place, so that they are loaded a second time
        loaded = adapted.load_adapter(folder, "default", **how)
    missing = {_name_in_file(name) for name in loaded.missing_keys}
    # embeddings that are saved whole are saved a second time under this name, which PEFT itself does not read
    unexpected = {_name_in_file(name) for name in loaded.unexpected_keys if ".modules_to_save." not in name}
    message_start = f"the adapter in {folder} does not fit {type(model).__name__}"
    # PEFT loads the weights of prompt tuning in another way, and lists them as unexpected
    check_names(message_start, missing, () if config.is_prompt_learning else unexpected)
    return adapted


def load_config(folder: Path) -> PeftConfig:
    """The settings of the adapter in a folder, as PEFT has them.

    A setting that is null has PEFT's default: other programs write null where PEFT expects a value.
    """
    config = PeftConfig.from_pretrained(folder)
    for field in fields(config):
        if getattr(config, field.name) is None:
            if field.default_factory is not MISSING:
                setattr(config, field.name, field.default_factory())
            elif field.default is not MISSING:
                setattr(config, field.name, field.default)
    return config


def _name_in_file(name: str) -> str:
    """The name of a weight in the file: PEFT inserts the name of the adapter, `default`."""
    return name.replace(".default.", ".")


def _count_embeddings(model: Any, shapes: Mapping[str, list[int]]) -> int:
    """The number of tokens in the embeddings of an adapter's file; 0 if it has no embeddings.

    There are three forms: saved whole, saved whole beside a LoRA of them, and the factor A of a LoRA (rank, tokens).
    """
    embeddings = model.get_input_embeddings()
    name = next((name for name, module in model.named_modules() if module is embeddings), "")
    for ending, axis in (("weight", 0), ("base_layer.weight", 0), ("lora_embedding_A", 1)):
        if shape := shapes.get(f"base_model.model.{name}.{ending}"):
            return shape[axis]
    return 0


def _check_settings(folder: Path) -> None:
    """Raise CheckpointError if this version of PEFT does not know the type of adapter, or a setting that is in use."""
    settings, installed = read_settings(folder), version("peft")
    saved_with = settings.get("peft_version") or "another version"
    kind = PEFT_TYPE_TO_CONFIG_MAPPING.get(settings.get("peft_type"))
    if kind is None:
        raise CheckpointError(
            f"the adapter in {folder} has the type {settings.get('peft_type')}, which PEFT {installed} does not know. "
            f"It was saved with {saved_with}"
        )
    unknown = {
        name: value
        for name, value in settings.items()
        # a value that switches the setting off does not matter
        if name not in kind.__dataclass_fields__ and value not in (None, False, 0, "", [], {})
    }
    if unknown:
        listed = ", ".join(f"{name} = {json.dumps(value)}" for name, value in sorted(unknown.items()))
        raise CheckpointError(
            f"the adapter in {folder} has settings that PEFT {installed} does not know and would ignore: {listed}. "
            f"It was saved with {saved_with}"
        )
