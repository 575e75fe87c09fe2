"""Engines: what turns requests into replies for one checkpoint. One file an engine, and one line in ENGINES.

An engine is a class with three methods, made once a session:

    describe(checkpoint)             what of it decides a reply, for the cache and for the saved run
    generate(checkpoint, requests)   a generator of (request, reply), each as soon as it is there; closed, it stops
    close()                          gives memory and processes back

`generate` raises EngineError when it cannot go on; what it has given until then stays given. Where one request alone
has failed, its EngineError comes in the place of its reply.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from benchmark.mazes.errors import EngineError
from models.requests import Reply, Request

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

ENGINES = {
    "agents": "models.engines.agents:Agents",
    "transformers": "models.engines.transformers:Transformers",
    "vllm": "models.engines.vllm:Vllm",
    "server": "models.engines.server:Server",
}


class Engine(Protocol):
    """What an engine does; see the module."""

    waited: float
    """Seconds for which it had to start before it could reply, over all that it was asked."""

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]: ...

    def generate(
        self, checkpoint: Checkpoint, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Reply | EngineError]]: ...

    def close(self) -> None: ...


@runtime_checkable
class Adapting(Protocol):
    """An engine that may have to ask in another way than it was told to."""

    def adapted(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What it had to change; empty where nothing."""
        ...


def adapted(engine: Engine, checkpoint: Checkpoint) -> dict[str, Any]:
    """What a saved run says of an engine that had to ask in another way; it is no part of the cache's key."""
    changes = engine.adapted(checkpoint) if isinstance(engine, Adapting) else {}
    return {"adapted": changes} if changes else {}


def make(name: str, **settings: Any) -> Engine:
    """The engine of that name. What it needs is imported here, and not before."""
    module, _, kind = ENGINES[name].partition(":")
    return getattr(import_module(module), kind)(**settings)


def version(*packages: str) -> dict[str, str]:
    """The versions of those packages that are installed, found without importing them."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
