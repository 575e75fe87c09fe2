"""Engines: what turns requests into replies for one checkpoint. One file an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.mazes.prompt import Message
from benchmark.mazes.suite import Case

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint


@dataclass(frozen=True)
class Request:
    """One question. Models read the prompt, agents the maze.

    A prompt is a text to continue, or messages for the model's chat template. `reasoning` says that it asks for
    thoughts before the answer, which need room.
    """

    case: Case
    prompt: str | list[Message]
    reasoning: bool = False


@dataclass(frozen=True)
class Reply:
    """What came back: the text, its length in tokens, and whether the engine had to cut it off."""

    text: str
    tokens: int
    truncated: bool


def room(cells: int, tokens: int = 1) -> int:
    """The most tokens that a reply about a maze of so many cells may have, where a cell's name takes so many tokens.

    Every cell may be named five times, and may take 11 tokens, which is the longest that the nano family's searches
    get; with 64 more. It is the same for all mazes of a size, so that it gives nothing away.
    """
    return 64 + max(11, 5 * tokens) * cells


def ask(checkpoint: Checkpoint, requests: Sequence[Request]) -> Iterator[tuple[Case, Reply]]:
    """The replies of a checkpoint to all requests, as (case, reply), in the order in which they are ready."""
    if checkpoint.is_agent:
        from .agents import generate

        return generate(checkpoint.name, requests)
    from .transformers import generate as generate_with_model

    return generate_with_model(checkpoint.weights(), requests)
