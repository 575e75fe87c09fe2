"""What an engine is, and what is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from benchmark.mazes.errors import EngineError
from models.requests import Reply, Request

from .cost import TRANSFORMERS, Workload

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint


class Engine(Protocol):
    """Turns requests into replies for one checkpoint; created once a session, see `models.engines`."""

    startup_seconds: float
    """Seconds for which requests waited until it had started, summed over the session."""

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What of it decides a reply: part of the cache's key and of saved runs.

        It is called in sessions that ask nothing, because all replies are in the cache: it loads no heavy library.
        """
        ...

    def generate(
        self, checkpoint: Checkpoint, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Reply | EngineError]]:
        """Each request with its reply, as soon as it is there, in any order; whoever closes the generator stops it.

        Raises EngineError when it cannot go on; replies that were yielded until then count. Where one request alone
        fails, its EngineError is yielded in place of its reply.
        """
        ...

    def close(self) -> None:
        """Release memory and processes."""
        ...


@runtime_checkable
class AdjustingEngine(Protocol):
    """An engine that may have to ask in another way than it was told to, because a server refuses some settings."""

    def adjustments(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What it had to change; empty where nothing."""
        ...


@runtime_checkable
class CountingEngine(Protocol):
    """An engine that tells how many tokens it has generated, also those of replies that are not finished."""

    on_tokens: Callable[[int], None] | None
    """Called while replies are generated, several times a second, with the number of tokens since the last call."""


def supports_all(_: Checkpoint) -> bool:
    return True


@dataclass(frozen=True)
class EngineInfo:
    """What options, the choice of an engine, provenance and warnings have to know of an engine without importing it."""

    name: str
    """What `--engine` and `Checkpoint.engine` call it."""
    factory: str
    """`module:Class`. The module is imported when the engine is created, and not before."""
    packages: tuple[str, ...] = ()
    """Packages whose versions decide replies: they stand in saved runs, and `describe` puts them into cache keys."""
    settings: tuple[str, ...] = ()
    """Keyword arguments of its class: fields of `InferenceOptions`, or `planned`, the checkpoints of the session."""
    runs_models: bool = False
    """Whether it runs models on this machine: throughput is measured of these."""
    is_automatic: bool = False
    """Whether `--engine auto` may choose it."""
    is_selectable: bool = True
    """Whether `--engine` offers it: not an engine that is for checkpoints of one kind alone, which name it."""
    supports: Callable[[Checkpoint], bool] = supports_all
    """Whether it is installed and can run a checkpoint, as far as that is told without loading a model. A checkpoint
    that has yet to be built counts as one that it can run."""
    estimate_cost: Callable[[Workload], float] = TRANSFORMERS.seconds
    """The expected seconds for some requests; `auto` chooses the engine with the least."""
    estimate_memory: Callable[[Workload], int] = TRANSFORMERS.memory_bytes
    """The expected memory for them, in bytes."""
