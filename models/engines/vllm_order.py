"""What the process of vLLM is asked for one checkpoint, in token ids: the half that needs transformers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from transformers import PreTrainedTokenizerBase

from models import load
from models.adapter_check import changes_nothing
from models.requests import Reply, Request
from models.weights import Weights

from .codec import Codec
from .tokens import TokenizedRequest, decode_reply, notify_if_folded, positions, tokenize
from .vllm_rows import describe_watch

__all__ = ["Order", "changes_nothing", "check_weights", "write_order"]

check_weights = load.check


@dataclass(frozen=True)
class Order:
    """The requests to one checkpoint as the process takes them."""

    weights: Weights
    tokenizer: PreTrainedTokenizerBase
    stop_ids: set[int]
    tokenized: list[TokenizedRequest]
    too_long: list[Request]
    """Those whose prompt alone fills the context: the process is not asked about them."""

    @cached_property
    def _codec(self) -> Codec:
        return Codec.of(self.tokenizer)

    def to_message(self) -> dict[str, Any]:
        """As `vllm_process` reads it."""
        return {
            "adapter": str(self.weights.folder) if self.weights.base else None,
            "tokenizer": str(self.weights.tokenizer),
            "stop": sorted(self.stop_ids),
            "requests": [{"ids": one.ids, "sampling": _sampling(one), "watch": _watch(one)} for one in self.tokenized],
        }

    def read(self, message: dict[str, Any]) -> tuple[Request, Reply]:
        """The request that a message answers, and the reply."""
        one = self.tokenized[message["at"]]
        if "text" in message:
            fields = ("text", "tokens", "truncated", "looped")
            return one.request, Reply(**{name: message[name] for name in fields})
        reply = decode_reply(message["ids"], one.limit, self.stop_ids, self._codec)
        return one.request, replace(reply, text=one.generation.prefix + reply.text)


def _sampling(one: TokenizedRequest) -> dict[str, Any]:
    """The arguments of `vllm.SamplingParams`."""
    request = one.request
    return {
        "temperature": request.temperature,
        "seed": request.seed if request.temperature else None,
        "max_tokens": one.limit,
        **request.generation.arguments,
    }


def _watch(one: TokenizedRequest) -> dict[str, Any] | None:
    return describe_watch(replace(one.request, generation=one.generation))


def write_order(name: str, weights: Weights, requests: Sequence[Request], longest: int) -> Order:
    """The order for these requests; `longest` is the longest text that the process takes.

    Raises CheckpointError where a model without a chat template is to chat, or its tokenizer is not its own.
    """
    settings, tokenizer = load.settings(weights), load.tokenizer(weights)
    vocabulary = getattr(settings.get_text_config(decoder=True), "vocab_size", None) or sys.maxsize
    notify_if_folded(name, requests, tokenizer)
    tokenized = tokenize(requests, tokenizer, weights, min(positions(settings), longest), vocabulary)
    return Order(
        weights,
        tokenizer,
        load.stop_token_ids(weights, tokenizer),
        [one for one in tokenized if one.limit],
        [one.request for one in tokenized if not one.limit],
    )
