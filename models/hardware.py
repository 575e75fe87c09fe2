"""The device and the number format of computations."""

from __future__ import annotations

from importlib.metadata import version


def has_cuda() -> bool:
    """Whether there is a usable GPU. The version of a CPU build of PyTorch answers this without the import."""
    if version("torch").endswith("+cpu"):
        return False
    import torch

    return bool(torch.cuda.is_available())


def dtype() -> str:
    """The number format of engines: bfloat16 on a GPU, float32 on a CPU."""
    return "bfloat16" if has_cuda() else "float32"
