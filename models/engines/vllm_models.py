"""What the settings and files of a model say of its size, for vLLM: read without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from benchmark.mazes.errors import CheckpointError
from models.settings_file import read_settings

WIDTH = ("hidden_size", "n_embd", "d_model")
HEADS = ("num_attention_heads", "n_head", "n_heads")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers")
ITEM_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class ModelSize:
    """The size of a model in memory."""

    parameters: int
    weight_bytes: int
    bytes_per_token: int
    """Of keys and values, over all layers; 0 if the settings do not say."""


def read_text_config(folder: Path) -> Mapping[str, Any]:
    """The settings of the language model in a folder. Raises CheckpointError if they cannot be read."""
    config = read_settings(folder / "config.json")
    text = config.get("text_config")
    return text if isinstance(text, Mapping) else config


def head_size(config: Mapping[str, Any]) -> int:
    """The size of an attention head; 0 for a model without attention."""
    if size := _number(config, ("head_dim",)):
        return size
    width, heads = _number(config, WIDTH), _number(config, HEADS)
    return width // heads if heads else 0


def uses_images(folder: Path) -> bool:
    """Whether the model reads more than text."""
    try:
        config = read_settings(folder / "config.json")
    except CheckpointError:
        return False
    return any(isinstance(config.get(name), Mapping) for name in ("vision_config", "audio_config"))


@cache
def read_size(folder: Path, dtype: str) -> ModelSize:
    """The size of a model in that dtype; zeros where its files do not say."""
    item = ITEM_BYTES[dtype]
    try:
        config = read_text_config(folder)
        whole = read_settings(folder / "config.json")
        parameters, disk_bytes = _count(folder)
    except (CheckpointError, OSError, SafetensorError):
        return ModelSize(0, 0, 0)
    # packed weights stay packed
    weight_bytes = disk_bytes if "quantization_config" in whole else parameters * item
    layers, heads = _number(config, LAYERS), _number(config, ("num_key_value_heads", "num_kv_heads", *HEADS))
    return ModelSize(parameters, weight_bytes, 2 * layers * heads * head_size(config) * item)


def _count(folder: Path) -> tuple[int, int]:
    """The numbers in the weights of a model, and the bytes of their files."""
    parameters, size = 0, 0
    for file in sorted(folder.glob("*.safetensors")):
        size += file.stat().st_size
        with safe_open(file, "numpy") as opened:
            parameters += sum(prod(opened.get_slice(name).get_shape()) for name in opened.keys())  # noqa: SIM118
    return parameters, size


def _number(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    values = (config.get(name) for name in names)
    return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), 0)
