"""The embedded engine: continuous batches with transformers, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from models import hardware
from models.requests import Reply, Request

from . import ENGINES
from .versions import installed_versions

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

    from .transformers_decoding import Decoder


class Transformers:
    """One model at a time, in float32 on a CPU and in bfloat16 on a GPU; an adapter stays unmerged.

    `generate` raises CheckpointError where there is no model that loads, its adapter does nothing, or one without a
    chat template is to chat. Replies come as they end. A batch that does not fit in memory is halved, see `continuous`.
    """

    startup_seconds = 0.0

    def __init__(self) -> None:
        self.on_tokens: Callable[[int], None] | None = None
        self._decoder: Decoder | None = None

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Replies are decided in batches: a batch of another shape may round another way."""
        return {
            "engine": "transformers",
            **installed_versions(*ENGINES["transformers"].packages),
            "dtype": hardware.dtype(),
            "determinism": "batched",
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        from .transformers_decoding import Decoder  # a session that asks nothing loads no torch

        weights = checkpoint.weights()
        if self._decoder is None or self._decoder.weights != weights:
            self.close()  # before the next one is loaded: memory may be enough for one of them alone
            self._decoder = Decoder(weights)
        yield from self._decoder.decode(checkpoint.name, requests, self._count)

    def _count(self, tokens: int) -> None:
        if self.on_tokens:
            self.on_tokens(tokens)

    def close(self) -> None:
        if self._decoder:
            self._decoder.close()
            self._decoder = None
