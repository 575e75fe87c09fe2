"""Which engine a checkpoint is asked through: as the checkpoint, the user or the table of engines says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.mazes.errors import EngineError
from models.checkpoints import Checkpoint
from models.engines import ENGINES
from models.requests import Reply, Request

from .cost import choose_cheapest


@dataclass(frozen=True)
class Lookup:
    """What the cache has of one engine's replies."""

    engine: str
    keys: list[bytes]
    """Of all requests; none where replies are not cached."""
    replies: Mapping[bytes, Reply]

    @property
    def is_complete(self) -> bool:
        return bool(self.keys) and len(self.replies) == len(self.keys)


def list_engines(checkpoint: Checkpoint, wanted: str) -> list[str]:
    """The engines that a checkpoint may be asked through, where the user wants this one (`--engine`), or `auto`.

    Raises EngineError where `auto` has none.
    """
    if checkpoint.engine:
        return [checkpoint.engine]
    if wanted != "auto":
        return [wanted]
    names = [info.name for info in ENGINES.values() if info.is_automatic and info.supports(checkpoint)]
    if not names:
        raise EngineError(f"no engine that `auto` chooses from can run {checkpoint.name}: name one with --engine")
    return names


def choose_engine(lookups: Sequence[Lookup], checkpoint: Checkpoint, requests: Sequence[Request]) -> Lookup:
    """The engine whose replies are all in the cache; else the one that has given most; else the cheapest.

    Replies of two engines never meet in one run, as they may differ: a run that was cut off goes on with the engine
    that it began with, even where another would be cheaper for what is left.
    """
    for lookup in lookups:
        if lookup.is_complete:
            return lookup
    most = max(len(lookup.replies) for lookup in lookups)
    begun = [lookup for lookup in lookups if most and len(lookup.replies) == most]
    if len(begun) == 1:
        return begun[0]
    name = choose_cheapest([lookup.engine for lookup in lookups], checkpoint, requests)
    return next(lookup for lookup in lookups if lookup.engine == name)
