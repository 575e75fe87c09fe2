"""The speed of this machine, measured in less than a second and kept in the store: what estimates are made from."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmark.mazes.atomic import replace_text
from models import hardware, store
from models.engines.cost import Machine

USUAL = Machine(flops=3e10, bandwidth=4e9, dispatch=8e-6)
"""A slow machine: what it does in a few seconds need not be estimated better."""
SECONDS = 0.12
"""For each of the measurements."""


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
    cores = os.cpu_count() or 1
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
    import torch  # it takes seconds; a session whose replies are all known measures nothing

    device = "cuda" if hardware.has_cuda() else "cpu"
    kind = getattr(torch, dtype)

    def finish() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    with torch.inference_mode():
        rows, weights = (torch.randn(shape, device=device).to(kind) for shape in ((128, 1024), (1024, 1024)))
        flops = 2 * 128 * 1024 * 1024 / _seconds(lambda: rows @ weights, finish)
        large = torch.ones(2**24, device=device)  # 64 MiB: more than caches hold
        bandwidth = large.nbytes / _seconds(lambda: large.sum(), finish)
        small = torch.ones(16, device=device)
        dispatch = _seconds(lambda: small + small, finish)
    return Machine(flops, bandwidth, dispatch, device == "cuda")


def _seconds(operation: Callable[[], object], finish: Callable[[], None]) -> float:
    """The least seconds of one call, over several rounds: other programs only add to it."""
    operation()
    finish()
    times: list[float] = []
    began = time.perf_counter()
    calls = 1
    while time.perf_counter() - began < SECONDS:
        before = time.perf_counter()
        for _ in range(calls):
            operation()
        finish()
        seconds = time.perf_counter() - before
        times.append(seconds / calls)
        calls = max(1, min(1000, int(SECONDS / 10 / max(seconds / calls, 1e-9))))
    return min(times)
