"""What the engines that run a model themselves do first and last: questions to token ids, ids to replies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.mazes.errors import CheckpointError

from . import THOUGHTS, Reply, room

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from models.load import Weights

    from . import Request


@dataclass(frozen=True)
class Asked:
    """A request as a model reads it."""

    ids: list[int]
    limit: int
    """The most tokens that the reply may have."""
    request: Request


def asked(
    requests: Sequence[Request], tokenizer: PreTrainedTokenizerBase, weights: Weights, positions: int
) -> list[Asked]:
    """The requests in token ids, the longest first, so that a batch that does not fit in memory fails at once.

    A model that knows so many positions can write no further; a limit of 0 says that the prompt alone is too long.
    Raises CheckpointError where a model without a chat template is to chat.
    """
    cell = len(tokenizer(" (10,10)", add_special_tokens=False)["input_ids"])
    found = []
    for request in requests:
        ids = _ids(request, tokenizer, weights)
        limit = room(request.cells, cell) + (THOUGHTS if request.reasoning else 0)
        found.append(Asked(ids, max(0, min(limit, positions - len(ids))), request))
    return sorted(found, key=lambda one: (-one.limit, -len(one.ids), one.request.place))


def positions(config: PretrainedConfig) -> int:
    """How long a text the model can read, its own words included; those that do not say are trusted with any."""
    text = config.get_text_config(decoder=True)
    return getattr(text, "max_position_embeddings", None) or sys.maxsize


def _ids(request: Request, tokenizer: PreTrainedTokenizerBase, weights: Weights) -> list[int]:
    if isinstance(request.prompt, str):
        return tokenizer(request.prompt)["input_ids"]
    if tokenizer.chat_template is None:
        raise CheckpointError(f"the model in {weights.folder} has no chat template: ask it with --prompt plain")
    return tokenizer.apply_chat_template(request.prompt, add_generation_prompt=True, return_dict=True)["input_ids"]


def reply(tokens: Sequence[int], limit: int, ends: set[int], tokenizer: PreTrainedTokenizerBase) -> Reply:
    """What was written, up to the first token that ends a text; cut off where none came within the limit."""
    end = next((at for at, token in enumerate(tokens[:limit]) if token in ends), None)
    kept = list(tokens[: limit if end is None else end])
    return Reply(tokenizer.decode(kept, skip_special_tokens=True), len(kept), truncated=end is None)
