"""Reads the settings of adapters, without PEFT."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import settings_file

SETTINGS = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PLAIN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")
"""Initializations of a LoRA that do not change the weights of the base, among those that vLLM 0.32.0 supports."""
NOT_IN_VLLM = (
    "alora_invocation_tokens",
    "layer_replication",
    "lora_bias",
    "modules_to_save",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_dora",
    "use_qalora",
)
"""Settings of a LoRA that vLLM 0.32.0 refuses or ignores."""


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of the adapter in a folder. Raises CheckpointError if they cannot be read."""
    return settings_file.read_settings(folder / SETTINGS)


def rank(folder: Path) -> int:
    """The largest rank of the matrices of a LoRA; 0 for another type of adapter."""
    settings = read_settings(folder)
    pattern = settings.get("rank_pattern")
    ranks = [settings.get("r"), *(pattern.values() if isinstance(pattern, Mapping) else ())]
    return max([0, *(value for value in ranks if isinstance(value, int))])


def virtual_tokens(folder: Path) -> int:
    """The number of tokens that prompt tuning inserts before each text; 0 for another type of adapter."""
    tokens = read_settings(folder).get("num_virtual_tokens")
    return tokens if isinstance(tokens, int) else 0


def not_in_vllm(folder: Path) -> str:
    """Why vLLM cannot run an adapter with the same result as PEFT; empty if it can."""
    settings = read_settings(folder)
    if (kind := settings.get("peft_type")) != "LORA":
        return f"its type is {kind}, and vLLM runs LORA only"
    if used := [name for name in NOT_IN_VLLM if settings.get(name)]:
        return f"it has {', '.join(used)}, which vLLM does not run"
    if settings.get("bias", "none") != "none":
        return "it has trained biases, which vLLM does not run"
    start = settings.get("init_lora_weights")
    if isinstance(start, str) and start.lower() not in PLAIN_STARTS:
        return f"it was initialized with {start}, which changes the weights of the base, and vLLM does not"
    if any(".lora_" not in name for name in weight_shapes(folder)):
        return "it has whole matrices besides those of LoRA, which vLLM does not run"
    return ""


def weight_shapes(folder: Path) -> dict[str, list[int]]:
    """The names and shapes of the weights, from the header of the file; empty if it cannot be read."""
    try:
        with (folder / WEIGHTS).open("rb") as opened:
            head = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        return {name: value["shape"] for name, value in head.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError):
        return {}  # loading the adapter reports the error
