"""Decoding with transformers: the heavy half of the engine `transformers`, which imports it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from models import adapter_check, hardware, load
from models.requests import Reply, Request
from models.weights import Weights

from . import memory
from .codec import Codec
from .continuous import Batch
from .equal_lengths import EqualLengths
from .grouped_attention import use_grouped_attention
from .padding import takes_batches
from .prefixes import Prefixes
from .rows import Row
from .tokens import TokenizedRequest, notify_if_folded, positions, tokenize


class Decoder:
    """One model on the device where it runs, its adapter unmerged."""

    def __init__(self, weights: Weights, dtype: str, engine_args: Mapping[str, Any]) -> None:
        """Load the model; `engine_args` are arguments of `from_pretrained`.

        Raises CheckpointError where there is no model that loads.
        """
        self._loaded = (weights, dtype, dict(engine_args))
        self.weights = weights
        device = {"device_map": "cuda"} if hardware.has_cuda() else {}
        self.model: PreTrainedModel = load.model(weights, dtype=dtype, **device | dict(engine_args))
        self.tokenizer: PreTrainedTokenizerBase = load.tokenizer(weights)
        self._codec = Codec.of(self.tokenizer)
        use_grouped_attention(self.model)
        self.stop_ids = load.stop_token_ids(weights, self.tokenizer)
        # nothing of what the model's own settings would change: all engines are to say what is likeliest, and no more
        self.model.generation_config = GenerationConfig(do_sample=False, pad_token_id=self.tokenizer.pad_token_id or 0)

    def fits(self, weights: Weights, dtype: str, engine_args: Mapping[str, Any]) -> bool:
        """Whether it has this model, loaded in this way."""
        return self._loaded == (weights, dtype, dict(engine_args))

    def decode(
        self, name: str, requests: Sequence[Request], on_tokens: Callable[[int], None]
    ) -> Generator[tuple[Request, Reply]]:
        """The replies as they end; those that may be longest begin first.

        Args:
            name: the name of the checkpoint, for notes to the user.
            requests: what is asked.
            on_tokens: called with the number of tokens since its last call.
        """
        left = self._tokenize(name, requests)
        while left and not left[-1].limit:
            yield left.pop().request, Reply("", 0, truncated=True)
        if not left:
            return
        if takes_batches(self.model, [one.ids for one in left]):
            rows = [self._make_row(one) for one in left]
            yield from Batch(self.model, Prefixes(rows), on_tokens).generate(rows)
        else:
            yield from EqualLengths(self.model, self._make_row, on_tokens).generate(left)

    def close(self) -> None:
        """Give the model's memory back; nothing can be decoded after that."""
        del self.model
        memory.release()

    def _make_row(self, one: TokenizedRequest) -> Row:
        return Row(one, self._codec, self.stop_ids)

    def _tokenize(self, name: str, requests: Sequence[Request]) -> list[TokenizedRequest]:
        """The requests in token ids, the longest first; raises CheckpointError where the adapter does nothing."""
        longest = positions(load.settings(self.weights)) - self.weights.virtual_tokens
        vocabulary = int(self.model.get_input_embeddings().weight.shape[0])
        tokenized = tokenize(requests, self.tokenizer, self.weights, longest, vocabulary)
        notify_if_folded(name, requests, self.tokenizer)
        if self.weights.base and tokenized:
            adapter_check.check_applied(self.model, tokenized[0].ids, self.weights)
        return tokenized
