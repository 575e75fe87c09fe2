"""The embedded engine: continuous batches with transformers, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError
from models import hardware
from models.requests import Reply, Request

from . import ENGINES
from .sampling_names import check_arguments
from .versions import installed_versions

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

    from .transformers_decoding import Decoder

CHOSEN = {
    "dtype": "use --dtype",
    "torch_dtype": "use --dtype",
    "trust_remote_code": "use --trust-remote-code",
    "use_safetensors": "pickles are not loaded",
    "output_loading_info": "the names of all weights are always checked",
    "ignore_mismatched_sizes": "the shapes of all weights are always checked",
}
"""The arguments of `from_pretrained` that are not for `--engine-args`, and what to do instead."""


class Transformers:
    """One model at a time, in the number format of `hardware.dtype`; an adapter stays unmerged.

    `generate` raises CheckpointError where there is no model that loads, an argument of `--engine-args` is one that is
    chosen here, an adapter does nothing, or a model without a chat template is to chat. Replies come as they end. A
    batch that does not fit in memory is halved, see `continuous`.
    """

    startup_seconds = 0.0

    def __init__(self) -> None:
        self.on_tokens: Callable[[int], None] | None = None
        self._decoder: Decoder | None = None

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Replies are decided in batches: a batch of another shape may round another way."""
        options = checkpoint.options
        return {
            "engine": "transformers",
            **installed_versions(*ENGINES["transformers"].packages),
            "dtype": hardware.dtype(options.dtype, checkpoint.weights().dtype),
            "determinism": "batched",
            **({"engine_args": dict(options.engine_args)} if options.engine_args else {}),
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        check_engine_args(checkpoint.options.engine_args)
        for request in requests:
            check_arguments(request.generation.arguments, "transformers")
        from .transformers_decoding import Decoder  # a session that asks nothing loads no torch

        weights, options = checkpoint.weights(), checkpoint.options
        dtype = hardware.dtype(options.dtype, weights.dtype)
        if self._decoder is None or not self._decoder.fits(weights, dtype, options.engine_args):
            self.close()  # before the next one is loaded: memory may be enough for one of them alone
            self._decoder = Decoder(weights, dtype, options.engine_args)
        yield from self._decoder.decode(checkpoint.name, requests, self._count)

    def _count(self, tokens: int) -> None:
        if self.on_tokens:
            self.on_tokens(tokens)

    def close(self) -> None:
        if self._decoder:
            self._decoder.close()
            self._decoder = None


def check_engine_args(engine_args: Mapping[str, Any]) -> None:
    """Raise CheckpointError for an argument of `from_pretrained` that the engine chooses itself."""
    if chosen := sorted(CHOSEN.keys() & engine_args.keys()):
        raise CheckpointError(f"--engine-args: {chosen[0]} cannot be set here: {CHOSEN[chosen[0]]}")
