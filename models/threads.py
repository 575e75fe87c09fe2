"""How many threads PyTorch computes with on a CPU: as many as there are cores that nothing else uses.

The threads of an operation wait for each other at its end, thousands of times a second. Where one of them has lost its
core to another process, all wait until it comes back: beside two busy loops on two cores, two threads are up to ten
times slower than one (`python -m scripts.speed_threads`). On idle cores they are faster, so the number follows the
load while a model runs. The weights that come of it are the same, bit for bit (tests/models/test_threads.py).

Whoever sets OMP_NUM_THREADS or MKL_NUM_THREADS gets that number and no other; `accelerate launch` sets it too.
"""

from __future__ import annotations

import os
import time
from typing import Any

import psutil

CHOSEN = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
EVERY = 0.5  # seconds between two looks at the load
FIRST = 0.1  # seconds to look before the first operation
SPARE = 0.3  # the share of a core that others may use before it counts as theirs


class Load:
    """What other processes use of the cores that this one may run on, between two looks."""

    def __init__(self) -> None:
        self.cores = sorted(_cores())
        self._before = self._read()

    def look(self) -> list[float]:
        """The share of each core that others used since the last look, from 0 to 1, in the order of `cores`.

        What this process used is known over all cores only, and is taken off each in proportion to its time.
        """
        (then, used, own), self._before = self._before, self._read()
        now, used_now, own_now = self._before
        busy = [after - before for before, after in zip(used, used_now, strict=True)]
        theirs = max(0.0, 1 - (own_now - own) / max(sum(busy), 1e-9))
        return [min(1.0, theirs * share / max(now - then, 1e-9)) for share in busy]

    def _read(self) -> tuple[float, list[float], float]:
        """The time, the busy seconds of each core, and those of this process.

        Time given to processes of low priority is not taken from this one, unless it has low priority itself.
        """
        times = psutil.cpu_times(percpu=True)
        own = os.times()
        names = ("user", "system", "irq", "softirq", "steal", *(("nice",) if _is_nice() else ()))
        used = [sum(getattr(times[core], name, 0.0) for name in names) for core in self.cores if core < len(times)]
        return time.monotonic(), used, own.user + own.system


class Threads:
    """Sets PyTorch's number of threads to what the load leaves, at most every EVERY seconds."""

    def __init__(self) -> None:
        import torch

        self._torch, self._most = torch, torch.get_num_threads()
        self._load = Load()
        time.sleep(FIRST)
        self._next = time.monotonic()

    def follow(self, *_: Any) -> None:
        """Look at the load, if it is time to; may stand before a module's `forward` as a hook.

        The number belongs to the calling thread (OpenMP), so that a thread that watches could not set it for another.
        """
        if time.monotonic() < self._next:
            return
        free = sum(1 - share for share in self._load.look())
        threads = min(self._most, max(1, int(free + SPARE)))
        if threads != self._torch.get_num_threads():
            self._torch.set_num_threads(threads)
        self._next = time.monotonic() + EVERY


_threads: Threads | None = None


def follow_load(model: Any) -> None:
    """Let the number of threads follow the load whenever this model computes, unless the user has chosen a number."""
    global _threads  # noqa: PLW0603  there is one number of threads, and it belongs to the process
    if any(name in os.environ for name in CHOSEN):
        return
    _threads = _threads or Threads()
    # of the embeddings, which every forward calls: PEFT calls `forward` of the model itself past its hooks
    if (embeddings := model.get_input_embeddings()) is not None:
        embeddings.register_forward_pre_hook(_threads.follow)


def idle_cores(seconds: float = 0.2) -> list[int]:
    """The cores that other processes leave for the most part, looked at for so long; at least the idlest one."""
    load = Load()
    time.sleep(seconds)
    shares = load.look()
    idle = [core for core, share in zip(load.cores, shares, strict=True) if share < 0.5]
    return idle or [load.cores[shares.index(min(shares))]]


def _cores() -> set[int]:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _is_nice() -> bool:
    return hasattr(os, "nice") and os.nice(0) > 0
