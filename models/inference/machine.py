"""The speed of this machine, measured in less than a second and kept in the store: what estimates are made from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.mazes.atomic import replace_text
from models import hardware, store, threads
from models.engines.cost import Machine

USUAL = Machine(flops=5e10, bandwidth=1e10, dispatch=1.5e-6)
"""A machine with two cores: what it does in a few seconds need not be estimated better."""
SECONDS = 0.12
"""For each of the three measurements."""
MEMORY_CHANNELS = 4
"""More cores than these do not read faster together."""

Clock = Callable[[], float]


def measured(dtype: str) -> Machine:
    """The speed of this machine for models in this number format; measured if it is not known yet."""
    try:
        return Machine(**_read().get(_key(dtype), {}))
    except TypeError:  # not known, or of another version of this program
        machine = _measure(dtype)
        _keep(_key(dtype), vars(machine))
        return machine


def file() -> Path:
    """Where the measurements are kept."""
    return store.home() / "machine.json"


@cache
def _key(dtype: str) -> str:
    """What the speed depends on, as one line."""
    cores = len(threads.allowed_cores())
    return f"{hardware.cpu_name()}, {cores} cores, torch {version('torch')}, {dtype}"


def _read() -> dict[str, Any]:
    try:
        known = json.loads(file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(key: str, entry: dict[str, Any]) -> None:
    with suppress(OSError):  # it is measured again next time
        file().parent.mkdir(parents=True, exist_ok=True)
        replace_text(file(), json.dumps(_read() | {key: entry}, indent=2) + "\n")


def _measure(dtype: str) -> Machine:
    torch = hardware.load_torch()  # a session whose replies are all known measures nothing
    if hardware.has_cuda():
        return _measure_device(torch, dtype, "cuda", time.perf_counter)
    before, cores = torch.get_num_threads(), len(threads.allowed_cores())
    torch.set_num_threads(1)
    try:
        # time of the processor: other programs on a shared machine count for nothing
        one = _measure_device(torch, dtype, "cpu", time.thread_time)
    finally:
        torch.set_num_threads(before)
    return replace(one, flops=one.flops * cores, bandwidth=one.bandwidth * min(cores, MEMORY_CHANNELS))


def _measure_device(torch: ModuleType, dtype: str, device: str, clock: Clock) -> Machine:
    kind = getattr(torch, dtype)

    def seconds(operation: Callable[[], object]) -> float:
        return _least_seconds(operation, clock, torch.cuda.synchronize if device == "cuda" else lambda: None)

    with torch.inference_mode():
        rows, weights = (torch.randn(shape, device=device).to(kind) for shape in ((128, 1024), (1024, 1024)))
        large, small = torch.ones(2**24, device=device), torch.ones(16, device=device)  # 64 MiB: no cache holds it
        return Machine(
            flops=2 * 128 * 1024 * 1024 / seconds(lambda: rows @ weights),
            bandwidth=large.nbytes / seconds(large.sum),
            dispatch=seconds(lambda: small + small),
            has_cuda=device == "cuda",
        )


def _least_seconds(operation: Callable[[], object], clock: Clock, finish: Callable[[], None]) -> float:
    """The least seconds of one call, over several rounds."""
    began, calls = time.perf_counter(), 1
    operation()
    finish()
    times: list[float] = []
    while not times or time.perf_counter() - began < SECONDS:
        before = clock()
        for _ in range(calls):
            operation()
        finish()
        times.append((clock() - before) / calls)
        calls = max(1, min(1000, int(SECONDS / 10 / max(times[-1], 1e-7))))
    return min(times)
