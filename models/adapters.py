"""Adapters: what their settings say, and how one is put on its model so that all of it is applied."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError

from .soundness import check_names, check_numbers

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel

SETTINGS = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PLAIN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")
"""Ways to begin a LoRA that leave the model's own weights alone, as vLLM 0.32.0 knows them."""
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
"""Settings of a LoRA that vLLM 0.32.0 refuses or leaves aside."""


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of an adapter. Raises CheckpointError where they cannot be read."""
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot read {folder / SETTINGS}: {error}") from error
    if not isinstance(settings, dict):
        raise CheckpointError(f"{folder / SETTINGS} is no table of settings")
    return settings


def rank(folder: Path) -> int:
    """The greatest rank of its matrices, 0 for an adapter that is no LoRA."""
    settings = read_settings(folder)
    pattern = settings.get("rank_pattern")
    ranks = [settings.get("r"), *(pattern.values() if isinstance(pattern, Mapping) else ())]
    return max([0, *(one for one in ranks if isinstance(one, int))])


def virtual_tokens(folder: Path) -> int:
    """The tokens that prompt tuning puts before each text."""
    tokens = read_settings(folder).get("num_virtual_tokens")
    return tokens if isinstance(tokens, int) else 0


def not_in_vllm(folder: Path) -> str:
    """Why vLLM cannot run an adapter as PEFT does; empty where it can."""
    settings = read_settings(folder)
    if (kind := settings.get("peft_type")) != "LORA":
        return f"its type is {kind}, and vLLM runs LORA alone"
    if used := [name for name in NOT_IN_VLLM if settings.get(name)]:
        return f"it has {', '.join(used)}, which vLLM does not run"
    if settings.get("bias", "none") != "none":
        return "it has trained biases, which vLLM does not run"
    start = settings.get("init_lora_weights")
    if isinstance(start, str) and start.lower() not in PLAIN_STARTS:
        return f"it was begun with {start}, which changes the model's own weights, and vLLM does not"
    if any(".lora_" not in name for name in _shapes(folder)):
        return "it has whole matrices beside those of LoRA, which vLLM does not run"
    return ""


def _shapes(folder: Path) -> dict[str, list[int]]:
    """The names and shapes of its weights, read from the head of the file; nothing where there is no such file."""
    try:
        with (folder / WEIGHTS).open("rb") as opened:
            head = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        return {name: value["shape"] for name, value in head.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError):
        return {}  # whoever loads it says what is wrong


def put_on(model: Any, folder: Path) -> PeftModel:
    """The model with the adapter on it, unmerged.

    Raises CheckpointError where the adapter has weights that match nothing, lacks some, has some that are no numbers,
    or settings that this version of PEFT would leave aside; else what PEFT raises.
    """
    from peft import PeftModel
    from safetensors.torch import load_file

    _check_settings(folder)
    what = f"the adapter in {folder} does not fit {type(model).__name__}"
    check_numbers(f"the adapter in {folder} is spoilt", load_file(folder / WEIGHTS).items())
    rows = _vocabulary(model, _shapes(folder))
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
    from peft import PeftConfig

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
    from importlib.metadata import version

    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

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
