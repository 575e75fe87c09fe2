"""The embedded engine: batched decoding with transformers, in this process."""

from __future__ import annotations

import gc
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from models import load

from . import Reply, Request, version
from .tokens import Asked, asked, positions, reply

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from models.checkpoints import Checkpoint

CACHE_BYTES = 2**30  # what the keys and values of one batch may take
MOST_ROWS = 128  # more rows in a batch gain nothing on two cores


class Transformers:
    """One model at a time, in float32 on a CPU and in bfloat16 on a GPU; an adapter stays unmerged.

    `generate` raises CheckpointError where there is no model that loads, its adapter does nothing, or one without a
    chat template is to chat. A batch that does not fit in memory is halved, and what is left goes on in halves.
    """

    waited = 0.0

    def __init__(self) -> None:
        self._loaded: tuple[load.Weights, PreTrainedModel, PreTrainedTokenizerBase, set[int]] | None = None

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Replies are decided in batches: a batch of another shape may round another way."""
        return {
            "engine": "transformers",
            **version("transformers", "torch", "peft"),
            "dtype": load.dtype(),
            "determinism": "batched",
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        weights = checkpoint.weights()
        if self._loaded is None or self._loaded[0] != weights:
            self.close()
            self._loaded = weights, *_load(weights)
        _, model, tokenizer, stops = self._loaded
        left = asked(requests, tokenizer, weights, positions(load.settings(weights)))
        if weights.base and left:
            load.check_applied(model, left[0].ids, weights)
        while left and not left[-1].limit:
            yield left.pop().request, Reply("", 0, truncated=True)
        most, room = MOST_ROWS, CACHE_BYTES // _bytes_per_token(model)
        while left:
            rows = max(1, min(most, len(left), room // (len(left[0].ids) + left[0].limit)))
            try:
                replies = _batch(model, tokenizer, left[:rows], stops)
            except (MemoryError, RuntimeError) as error:
                if rows == 1 or not _is_memory(error):
                    raise
                most = rows // 2
                del error
                _free()
                continue
            yield from zip((one.request for one in left[:rows]), replies, strict=True)
            left = left[rows:]

    def close(self) -> None:
        if self._loaded:
            self._loaded = None
            _free()


def _load(weights: load.Weights) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, set[int]]:
    """The model where it is to run, its tokenizer, and the tokens that end a text."""
    import torch
    from transformers import GenerationConfig

    model, tokenizer = load.model(weights), load.tokenizer(weights)
    if load.has_cuda():
        model = model.to("cuda", torch.bfloat16)
    stops = load.ends(weights, tokenizer)
    # nothing of what the model's own settings would change: all engines are to say what is likeliest, and no more
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=sorted(stops), pad_token_id=tokenizer.pad_token_id
    )
    return model, tokenizer, stops


def _batch(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: Sequence[Asked], stops: set[int]
) -> list[Reply]:
    import torch
    from transformers import LogitsProcessorList

    inputs = tokenizer.pad({"input_ids": [one.ids for one in batch]}, return_tensors="pt").to(model.device)
    limit = max(one.limit for one in batch)
    sampled = any(one.request.temperature for one in batch)
    with torch.inference_mode():
        output = model.generate(
            **inputs,
            **load.room(model, inputs["input_ids"].shape[1] + limit),
            max_new_tokens=limit,
            logits_processor=LogitsProcessorList([_Noise([one.request for one in batch])] if sampled else []),
        )
    written = output[:, inputs["input_ids"].shape[1] :].tolist()
    return [reply(row, one.limit, stops, tokenizer) for row, one in zip(written, batch, strict=True)]


class _Noise:
    """Makes the likeliest token a sampled one: Gumbel noise on the logits (Maddison, Tarlow and Minka 2014).

    Each row draws from a generator of its own, so that a sample does not depend on what stands beside it in a batch.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        import torch

        self._temperatures = torch.tensor([one.temperature for one in requests])
        self._sources = [torch.Generator().manual_seed(one.seed) for one in requests]

    def __call__(self, ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Logits of shape (rows, tokens), with noise."""
        import torch

        uniform = torch.stack([torch.rand(logits.shape[1], generator=one) for one in self._sources])
        noise = -torch.log(-torch.log(uniform.clamp(1e-9, 1 - 1e-7)))
        return logits + (self._temperatures[:, None] * noise).to(logits)


def _is_memory(error: Exception) -> bool:
    """Whether memory ran out; PyTorch's allocator on a CPU raises a plain RuntimeError."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


def _free() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _bytes_per_token(model: PreTrainedModel) -> int:
    """The size of one token's keys and values over all layers."""
    config = model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * head * model.dtype.itemsize
