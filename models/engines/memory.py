"""The memory that keys and values may take, and what to do where it runs out."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import psutil
import torch

SHARE = 0.5
"""Of the free memory: activations, other programs and the growth of the cache need the rest."""
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current"))


def free_bytes(device: torch.device) -> int:
    """The memory that is free on a device; on a CPU at most what a container leaves."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    available = int(psutil.virtual_memory().available)
    try:
        limit, used = (int(file.read_text()) for file in _LIMITS)
    except (OSError, ValueError):  # no container, or one without a limit
        return available
    return min(available, max(0, limit - used))


def bytes_per_token(model: Any) -> int:
    """The size of one token's keys and values over all layers; for a model without attention, of its hidden states.

    An estimate from the settings, for models whose cache is their own; a `BlockCache` knows its size.
    """
    config = model.config.get_text_config(decoder=True)
    width, layers = (getattr(config, name, None) or 1 for name in ("hidden_size", "num_hidden_layers"))
    heads = getattr(config, "num_attention_heads", None)
    key_heads = getattr(config, "num_key_value_heads", None) or heads
    size = getattr(config, "head_dim", None)
    if isinstance(heads, int) and isinstance(key_heads, int):
        width = key_heads * (size or width // heads)  # others have as many as they like in each layer, and none at all
    return int(2 * int(layers * width) * model.dtype.itemsize)


def release() -> None:
    """Give back what tensors held that nobody refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_exhausted(error: Exception) -> bool:
    """Whether memory ran out; PyTorch's allocator on a CPU raises a plain RuntimeError."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)
