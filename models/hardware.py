"""The device and the number format of computations."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

CPU_INFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}


def has_cuda() -> bool:
    """Whether there is a usable GPU. The version of a CPU build of PyTorch answers this without the import."""
    if version("torch").endswith("+cpu"):
        return False
    return bool(load_torch().cuda.is_available())


def load_torch() -> ModuleType:
    """PyTorch, which takes seconds to import: for what is light without it."""
    import torch

    module: ModuleType = torch
    return module


def cpu_name() -> str:
    """The name of the CPU, as far as it is known."""
    return _cpu_info().get("model name") or platform.processor() or platform.machine()


def has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware: x86 with AMX or AVX512-BF16, on Linux."""
    return not BFLOAT16_FLAGS.isdisjoint(_cpu_info().get("flags", "").split())


@cache
def _cpu_info() -> dict[str, str]:
    """The entries about the first core; none on other systems than Linux."""
    try:
        first = CPU_INFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    entries = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in entries}


def dtype(option: str = "auto", stored: str = "") -> str:
    """The number format in which a model runs.

    Args:
        option: one of `models.model_options.DTYPES`. `auto` is bfloat16 on a GPU; on a CPU it is float32, or bfloat16
            if both the CPU and the files of the model have it: the nano family, for instance, would lose digits.
        stored: the number format of the weights on disk, as `Weights.dtype` gives it.
    """
    if option != "auto":
        return option
    if has_cuda():
        return "bfloat16"
    return "bfloat16" if stored == "bfloat16" and has_bfloat16() else "float32"
