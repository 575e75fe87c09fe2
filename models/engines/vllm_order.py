"""What the process of vLLM is asked for one checkpoint, in token ids: the half that needs transformers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from models import load
from models.adapter_check import changes_nothing
from models.requests import Reply, Request
from models.weights import Weights

from .tokens import TokenizedRequest, decode_reply, notify_if_folded, positions, tokenize

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

    def to_message(self) -> dict[str, Any]:
        """As `vllm_process` reads it."""
        return {
            "adapter": str(self.weights.folder) if self.weights.base else None,
            "stop": sorted(self.stop_ids),
            "requests": [[one.ids, one.limit, one.request.temperature, one.request.seed] for one in self.tokenized],
        }

    def decode(self, index: int, ids: list[int]) -> tuple[Request, Reply]:
        """The reply to the request at this place of the message."""
        one = self.tokenized[index]
        return one.request, decode_reply(ids, one.limit, self.stop_ids, self.tokenizer)


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
