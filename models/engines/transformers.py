"""The embedded engine: continuous batches with transformers, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from models import hardware
from models.requests import Reply, Request

from . import ENGINES
from .sampling_names import check_arguments
from .versions import installed_versions

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint
    from models.weights import Weights

    from .transformers_decoding import Decoder


class Transformers:
    """One model at a time, in the number format that `hardware.dtype` chooses; an adapter stays unmerged.

    `generate` raises CheckpointError where there is no model that loads, its adapter does nothing, or one without a
    chat template is to chat. Replies come as they end. A batch that does not fit in memory is halved, see `continuous`.
    """

    startup_seconds = 0.0

    def __init__(self) -> None:
        self.on_tokens: Callable[[int], None] | None = None
        self._decoder: Decoder | None = None
        self._loaded: tuple[Weights, str, dict[str, Any]] | None = None

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Replies are decided in batches: a batch of another shape may round another way."""
        return {
            "engine": "transformers",
            **installed_versions(*ENGINES["transformers"].packages),
            "dtype": _dtype(checkpoint),
            "determinism": "batched",
            **({"engine_args": dict(arguments)} if (arguments := checkpoint.options.engine_args) else {}),
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        for request in requests:
            check_arguments(request.generation.arguments, "transformers")
        from .transformers_decoding import Decoder  # a session that asks nothing loads no torch

        loaded = checkpoint.weights(), _dtype(checkpoint), dict(checkpoint.options.engine_args)
        if self._decoder is None or self._loaded != loaded:
            self.close()  # before the next one is loaded: memory may be enough for one of them alone
            self._decoder, self._loaded = Decoder(*loaded), loaded
        yield from self._decoder.decode(checkpoint.name, requests, self._count)

    def _count(self, tokens: int) -> None:
        if self.on_tokens:
            self.on_tokens(tokens)

    def close(self) -> None:
        if self._decoder:
            self._decoder.close()
            self._decoder = None


def _dtype(checkpoint: Checkpoint) -> str:
    return hardware.dtype(checkpoint.options.dtype, checkpoint.weights().dtype)
