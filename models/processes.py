"""The processes that `accelerate launch` has started to train together; without it there is one."""

from __future__ import annotations

import os


def count() -> int:
    """The number of processes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def is_first() -> bool:
    """Whether this process is the one that writes files and messages."""
    return rank() == 0


def together() -> None:
    """Wait until all processes have called this function."""
    if count() > 1:
        import torch
        from accelerate import PartialState

        PartialState(cpu=not torch.cuda.is_available()).wait_for_everyone()
