"""The embedded engine: batched decoding with transformers, in this process."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models import adapter_check, hardware, load, static_cache
from models.requests import Reply, Request
from models.weights import Weights

from . import version
from .tokens import Asked, asked, positions, reply, say_if_folded

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from models.checkpoints import Checkpoint

CACHE_BYTES = 2**30  # what the keys and values of one batch may take
MOST_ROWS = 128  # more rows in a batch gain nothing on two cores
STEPS = 4  # tokens that padding is tried with: some models (RecurrentGemma) see it from the second on
PADDED = {"float32": 1e-3, "bfloat16": 0.2}
"""How far padding may move logits, as a share of their spread: in float32 by 1e-6 where it is not seen, else 0.01."""


@dataclass(frozen=True)
class _Loaded:
    """A model where it is to run, its tokenizer, and the tokens that end a text."""

    weights: Weights
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    stops: set[int]

    @property
    def padding(self) -> int:
        """The token that fills rows up; a model does not see it, so that any will do."""
        return self.tokenizer.pad_token_id or 0

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        return int(self.model.get_input_embeddings().weight.shape[0])


class Transformers:
    """One model at a time, in float32 on a CPU and in bfloat16 on a GPU; an adapter stays unmerged.

    `generate` raises CheckpointError where there is no model that loads, its adapter does nothing, or one without a
    chat template is to chat. A batch that does not fit in memory is halved, and what is left goes on in halves.
    """

    waited = 0.0

    def __init__(self) -> None:
        self._loaded: _Loaded | None = None

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Replies are decided in batches: a batch of another shape may round another way."""
        return {
            "engine": "transformers",
            **version("transformers", "torch", "peft"),
            "dtype": hardware.dtype(),
            "determinism": "batched",
        }

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        weights = checkpoint.weights()
        if self._loaded is None or self._loaded.weights != weights:
            self.close()
            self._loaded = _load(weights)
        loaded = self._loaded
        longest = positions(load.settings(weights)) - weights.virtual_tokens
        left = asked(requests, loaded.tokenizer, weights, longest, loaded.vocabulary)
        say_if_folded(checkpoint.name, requests, loaded.tokenizer)
        if weights.base and left:
            adapter_check.check_applied(loaded.model, left[0].ids, weights)
        while left and not left[-1].limit:
            yield left.pop().request, Reply("", 0, truncated=True)
        most, room = MOST_ROWS, CACHE_BYTES // _bytes_per_token(loaded.model)
        pads = _takes_padding(loaded, left)
        while left:
            rows = max(1, min(most, len(left), room // (len(left[0].ids) + left[0].limit)))
            if not pads:
                rows = next((at for at in range(1, rows) if len(left[at].ids) != len(left[0].ids)), rows)
            try:
                replies = _batch(loaded, left[:rows])
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


def _load(weights: Weights) -> _Loaded:
    import torch
    from transformers import GenerationConfig

    model, tokenizer = load.model(weights), load.tokenizer(weights)
    if hardware.has_cuda():
        model = model.to("cuda", torch.bfloat16)
    loaded = _Loaded(weights, model, tokenizer, load.stop_token_ids(weights, tokenizer))
    # nothing of what the model's own settings would change: all engines are to say what is likeliest, and no more
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=sorted(loaded.stops) or None, pad_token_id=loaded.padding
    )
    return loaded


def _batch(loaded: _Loaded, batch: Sequence[Asked]) -> list[Reply]:
    from transformers import LogitsProcessorList

    ids, mask = _padded(loaded, [one.ids for one in batch])
    limit = max(one.limit for one in batch)
    sampled = any(one.request.temperature for one in batch)
    output = _generate(
        loaded,
        input_ids=ids,
        attention_mask=mask,
        **static_cache.static_cache(loaded.model, ids.shape[1] + limit),
        max_new_tokens=limit,
        logits_processor=LogitsProcessorList([_Noise([one.request for one in batch])] if sampled else []),
    )
    written = output[:, ids.shape[1] :].tolist()
    return [reply(row, one.limit, loaded.stops, loaded.tokenizer) for row, one in zip(written, batch, strict=True)]


def _generate(loaded: _Loaded, **settings: Any) -> Any:
    import torch

    with torch.inference_mode(), warnings.catch_warnings():
        # of prompt tuning, for each token; rows of one length need no others
        warnings.filterwarnings("ignore", "Position ids are not supported")
        return loaded.model.generate(**settings)


def _padded(loaded: _Loaded, texts: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Texts as one batch, filled up on the left, and which of its tokens are a text's."""
    import torch

    width = max(map(len, texts))
    ids = torch.tensor([[loaded.padding] * (width - len(text)) + text for text in texts])
    mask = torch.tensor([[0] * (width - len(text)) + [1] * len(text) for text in texts])
    return ids.to(loaded.model.device), mask.to(loaded.model.device)


def _takes_padding(loaded: _Loaded, left: Sequence[Asked]) -> bool:
    """Whether texts of several lengths may be asked as one batch.

    Some models that keep a state see what fills a row up (RWKV, RecurrentGemma), and so does prompt tuning: the
    shortest text is tried by itself and beside the longest.
    """
    if static_cache.is_plain(loaded.model):
        return True
    shortest, *_, longest = sorted((one.ids for one in left), key=len) if len(left) > 1 else ([], [])
    if len(shortest) == len(longest):
        return True
    alone, beside = (_first_steps(loaded, texts) for texts in ([shortest], [shortest, longest]))
    for one, other in zip(alone, beside, strict=True):
        if (one - other).abs().max() > PADDED[hardware.dtype()] * one.std():
            return False
        if one.argmax() != other.argmax():
            break  # as likely as each other: from here they write other texts
    return True


def _first_steps(loaded: _Loaded, texts: Sequence[list[int]]) -> list[torch.Tensor]:
    """The logits of the first of these texts for the first tokens that are written."""
    ids, mask = _padded(loaded, texts)
    output = _generate(
        loaded,
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=STEPS,
        min_new_tokens=STEPS,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return [logits[0].float() for logits in output.logits]


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
    """The size of one token's keys and values over all layers; for a model without attention, of its hidden states."""
    config = model.config.get_text_config(decoder=True)
    width, layers = (getattr(config, name, None) or 1 for name in ("hidden_size", "num_hidden_layers"))
    heads = getattr(config, "num_attention_heads", None)
    kept = getattr(config, "num_key_value_heads", None) or heads
    size = getattr(config, "head_dim", None)
    if isinstance(heads, int) and isinstance(kept, int):
        width = kept * (size or width // heads)  # others have as many as they like in each layer, and none at all
    return 2 * int(layers * width) * model.dtype.itemsize
