"""What this machine computes with."""

from __future__ import annotations

from importlib.metadata import version


def has_cuda() -> bool:
    """Whether there is a GPU to run on; a CPU build of PyTorch says so without being imported."""
    if version("torch").endswith("+cpu"):
        return False
    import torch

    return bool(torch.cuda.is_available())


def dtype() -> str:
    """What engines compute in: bfloat16 on a GPU, float32 on a CPU."""
    return "bfloat16" if has_cuda() else "float32"
