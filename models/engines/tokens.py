"""What the engines that run a model themselves do first and last: questions to token ids, ids to replies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jinja2 import TemplateError
from tqdm import tqdm
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from benchmark.mazes.answer.thoughts import find_opening
from benchmark.mazes.errors import CheckpointError
from models import chat, load
from models.model_options import GenerationOptions
from models.requests import Reply, Request
from models.weights import Weights

from .codec import Codec

NAME = " (10,10)"
"""The name of a cell, as models write it."""
_MARK_TOKENS = 32
"""At least as many as the mark of a thought has."""


@dataclass(frozen=True)
class TokenizedRequest:
    """A request as a model reads it."""

    ids: list[int]
    limit: int
    """The most tokens that the reply may have."""
    request: Request
    opening: str = ""
    """The mark of a thought that the chat template has written at the end of the prompt: the reply goes on in it."""

    @property
    def generation(self) -> GenerationOptions:
        """The options of the request, where `prefix` begins with the opening."""
        options = self.request.generation
        return replace(options, prefix=self.opening + options.prefix) if self.opening else options


def tokenize(
    requests: Sequence[Request],
    tokenizer: PreTrainedTokenizerBase,
    weights: Weights,
    positions: int,
    vocabulary: int = sys.maxsize,
) -> list[TokenizedRequest]:
    """The requests in token ids, the longest first, so that a batch that does not fit in memory fails at once.

    The room for a reply is the same for all mazes of a size, in cells: how many tokens that is depends on the
    tokenizer, which may cut the name of a cell into seven. Where the model has fewer positions left behind the prompt,
    the reply may be cut short, and counts as truncated; a limit of 0 says that the prompt alone is too long.
    Raises CheckpointError where a model without a chat template is to chat, and where the tokenizer gives a token that
    is beyond the model's vocabulary.
    """
    bare = tokenizer(NAME, add_special_tokens=False)["input_ids"]
    closing = _closing(bare, tokenizer(NAME)["input_ids"])
    rows = []
    for request in requests:
        ids = _ids(request, tokenizer, weights, closing)
        if (most := max(ids, default=0)) >= vocabulary:
            raise CheckpointError(
                f"the tokenizer in {weights.tokenizer} gives the token {most} ({tokenizer.decode([most])!r}), and the "
                f"model in {weights.whole} knows {vocabulary}: they do not belong together"
            )
        limit = request.token_limit(len(bare))
        room = max(0, min(limit, positions - len(ids)))
        rows.append(TokenizedRequest(ids, room, request, _opening(request, ids, tokenizer)))
    return sorted(rows, key=lambda one: (-one.limit, -len(one.ids), one.request.place))


def render(request: Request, weights: Weights) -> tuple[str, int, int]:
    """The prompt of a request as a model gets it, its number of tokens, and the token limit of the reply."""
    tokenizer = load.tokenizer(weights)
    longest = positions(load.settings(weights)) - weights.virtual_tokens
    (one,) = tokenize([request], tokenizer, weights, longest)
    return str(tokenizer.decode(one.ids)), len(one.ids), one.limit


def _closing(bare: list[int], whole: list[int]) -> int:
    """How many tokens a tokenizer puts behind a text: one that ends it there leaves a model nothing to continue."""
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return len(whole) - start - len(bare)
    return 0


def positions(config: PretrainedConfig) -> int:
    """How long a text the model can read, its own words included; those that do not say are trusted with any."""
    text = config.get_text_config(decoder=True)
    return getattr(text, "max_position_embeddings", None) or sys.maxsize


def _ids(request: Request, tokenizer: PreTrainedTokenizerBase, weights: Weights, closing: int) -> list[int]:
    ids: list[int]
    if isinstance(request.prompt, str):
        ids = tokenizer(request.prompt)["input_ids"]
        return ids[: len(ids) - closing]
    if tokenizer.chat_template is None:
        raise CheckpointError(f"the model in {weights.folder} has no chat template: ask it with --prompt plain")
    try:
        ids = tokenizer.apply_chat_template(
            request.prompt, add_generation_prompt=True, return_dict=True, **request.generation.chat_template_args
        )["input_ids"]
    except (TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"the chat template in {weights.tokenizer} does not take the question ({error}): ask with --prompt plain"
        ) from error
    return ids


def _opening(request: Request, ids: list[int], tokenizer: PreTrainedTokenizerBase) -> str:
    """The mark of a thought that the chat template has written at the end of the prompt."""
    return "" if isinstance(request.prompt, str) else find_opening(tokenizer.decode(ids[-_MARK_TOKENS:]))


def notify_if_folded(name: str, requests: Sequence[Request], tokenizer: PreTrainedTokenizerBase) -> None:
    """Tell the user where a chat template takes no system's message, see `models.chat`."""
    template = tokenizer.chat_template
    template = template.get("default") if isinstance(template, dict) else template
    is_chat = any(not isinstance(request.prompt, str) for request in requests)
    if is_chat and template and template.startswith(chat.FOLD):
        tqdm.write(f"labirinto: {name}: {chat.FOLDED}", file=sys.stderr)


def decode_reply(tokens: Sequence[int], limit: int, stop_ids: set[int], codec: Codec) -> Reply:
    """What was written, up to the first token that ends a text; cut off where none came within the limit."""
    end = next((at for at, token in enumerate(tokens[:limit]) if token in stop_ids), None)
    kept = list(tokens[: limit if end is None else end])
    return Reply(codec.decode(kept), len(kept), truncated=end is None)
