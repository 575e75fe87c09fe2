"""Sets PyTorch's number of threads on a CPU to the number of cores that no other process uses.

The threads of an operation wait for each other at its end, thousands of times a second. If one of them loses its core
to another process, all others wait for it. With two busy loops on two cores, two threads are up to ten times slower
than one thread (`python -m scripts.speed_threads`); on idle cores they are faster. The number therefore follows the
load while a model runs. Trained weights do not depend on it: they are equal bit for bit (tests/models/test_threads.py).

If OMP_NUM_THREADS or MKL_NUM_THREADS is set, nothing is changed here; `accelerate launch` sets the first.
"""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

import psutil

CHOSEN = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
EVERY = 0.5  # seconds between two measurements of the load
FIRST = 0.1  # seconds of the measurement before the first operation
SPARE = 0.3  # the share of a core that other processes may use while the core still counts as free


class _Reading(NamedTuple):
    """The counters of the operating system at one time, in seconds."""

    time: float
    busy_seconds: list[float]  # of each core
    process_seconds: float  # of this process, on all cores


class Load:
    """The load of other processes on the cores that this process may use, between two measurements."""

    def __init__(self) -> None:
        self.cores = sorted(allowed_cores())
        self._last = self._read()

    def look(self) -> list[float]:
        """The share of each core that other processes used since the last call, from 0 to 1, in the order of `cores`.

        The operating system reports the time of this process as a sum over all cores. It is subtracted from each core
        in proportion to the core's busy time, so the sum of the shares is right, while a single one may not be.
        """
        earlier, self._last = self._last, self._read()
        now = self._last
        busy = [after - before for before, after in zip(earlier.busy_seconds, now.busy_seconds, strict=True)]
        # clocks of different resolution can make this process busier than all cores together
        others_part = max(0.0, 1 - (now.process_seconds - earlier.process_seconds) / max(sum(busy), 1e-9))
        elapsed = max(now.time - earlier.time, 1e-9)
        return [min(1.0, others_part * core_busy / elapsed) for core_busy in busy]

    def _read(self) -> _Reading:
        times = psutil.cpu_times(percpu=True)
        process_times = os.times()
        # a process of low priority ("nice") yields its core, unless this process has low priority itself
        kinds = ("user", "system", "irq", "softirq", "steal", *(("nice",) if _is_nice() else ()))
        # which kinds exist depends on the operating system
        busy = [sum(getattr(times[core], kind, 0.0) for kind in kinds) for core in self.cores if core < len(times)]
        return _Reading(time.monotonic(), busy, process_times.user + process_times.system)


class Threads:
    """Sets PyTorch's number of threads to the number of free cores, at most once in EVERY seconds."""

    def __init__(self) -> None:
        import torch

        self._torch, self._most = torch, torch.get_num_threads()
        self._load = Load()
        time.sleep(FIRST)
        self._next = time.monotonic()

    def follow(self, *_: Any) -> None:
        """Measure the load if EVERY seconds have passed, and set the number; can be a hook before `forward`.

        OpenMP has a number for each thread that starts operations. It is therefore set in the thread that computes; a
        background thread could only set its own.
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
    """Let the number of threads follow the load whenever this model computes, unless a variable of CHOSEN is set."""
    global _threads  # noqa: PLW0603  the number of threads is global too: one object measures for all models
    if any(name in os.environ for name in CHOSEN):
        return
    _threads = _threads or Threads()
    # a hook of the embeddings, which every forward calls: PEFT calls the model's `forward` without the model's hooks
    if (embeddings := model.get_input_embeddings()) is not None:
        embeddings.register_forward_pre_hook(_threads.follow)


def idle_cores(seconds: float = 0.2) -> list[int]:
    """The cores of which other processes use less than half, measured for `seconds`; at least the idlest core."""
    load = Load()
    time.sleep(seconds)
    shares = load.look()
    idle = [core for core, share in zip(load.cores, shares, strict=True) if share < 0.5]
    return idle or [load.cores[shares.index(min(shares))]]


def allowed_cores() -> set[int]:
    """The numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _is_nice() -> bool:
    """Whether this process has low priority."""
    return hasattr(os, "nice") and os.nice(0) > 0
