"""Requests to an engine, and its replies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from benchmark.mazes.errors import EngineError
from benchmark.mazes.printable import encodable
from benchmark.mazes.prompt import Message
from benchmark.mazes.suite import Case

from . import budget
from .model_options import PLAIN, GenerationOptions

MOST_TOKENS = 10**9
"""The largest plausible number of tokens: a larger count is an error of a server."""


@dataclass(frozen=True)
class Request:
    """One question. Models read the prompt, agents the maze.

    A prompt is a text to continue, or messages for the model's chat template.
    """

    case: Case
    prompt: str | list[Message]
    reasoning: bool = False
    """Whether the prompt asks for reasoning before the answer, which needs additional tokens."""
    sample: int = 0
    """The number of the sample, from 0; each sample has a seed of its own."""
    temperature: float = 0.0
    """0 is greedy decoding."""
    generation: GenerationOptions = PLAIN

    @property
    def place(self) -> tuple[str, str, int]:
        """The key that identifies it among all requests to a checkpoint."""
        return self.case.group, self.case.id, self.sample

    @property
    def seed(self) -> int:
        """The seed of its sampling, 63 bits; it does not depend on other requests or on the engine."""
        name = f"{self.case.seed_name()}/{self.case.id}/sample-{self.sample}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1

    @property
    def cells(self) -> int:
        """The number of cells of the maze."""
        return self.case.maze.rows * self.case.maze.cols

    @property
    def loop_tokens(self) -> int:
        """The number of tokens of a repetition that ends the reply, where `generation.ends_loops` is set."""
        return budget.loop_tokens(self.case.maze.rows, self.case.maze.cols)

    def cache_key(self) -> dict[str, Any]:
        """What decides the reply, besides checkpoint and engine.

        It has the text of the prompt instead of token ids, since tokenizer and chat template are part of the content
        of the checkpoint. So a run whose replies are all cached loads no tokenizer.
        """
        sampled = {"temperature": self.temperature, "seed": self.seed} if self.temperature else {}
        room = [*budget.REPLY, budget.THOUGHTS if self.reasoning else 0, self.cells]
        generation = self.generation.cache_key()
        options = {"generation": generation} if generation else {}
        return {"prompt": self.prompt, "room": room, "sample": self.sample, **sampled, **options}

    def token_limit(self, tokens_per_cell: int) -> int:
        """The most tokens that the reply may have.

        Args:
            tokens_per_cell: the tokens that the name of a cell takes in the model's tokenizer.
        """
        if self.generation.max_new_tokens is not None:
            return self.generation.max_new_tokens
        thoughts = budget.THOUGHTS if self.reasoning else 0
        if self.generation.thinking_budget is not None:
            thoughts = self.generation.thinking_budget
        return budget.reply_tokens(self.cells, tokens_per_cell) + thoughts


@dataclass(frozen=True)
class Reply:
    """A reply: the text, its length in tokens, and whether it was cut off, at the token limit or as it repeated itself.

    Servers and third-party engines may return any value. Values that a file or a database cannot store are corrected
    here, for all engines: lone surrogates are replaced, and if the number of tokens is not a whole number, the words
    are counted. Raises EngineError if the text is not a string.
    """

    text: str
    tokens: int
    truncated: bool
    looped: bool = False
    """Whether it was cut off because it repeated itself, see `models.stopping`; then it is `truncated` too."""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise EngineError(f"the reply is {type(self.text).__name__} and not a text")
        # str() and int() also turn subclasses, such as NumPy's, into what SQLite and JSON know
        text = encodable(str(self.text))
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "tokens", _count(self.tokens, text))
        object.__setattr__(self, "looped", bool(self.looped))
        object.__setattr__(self, "truncated", bool(self.truncated) or self.looped)


def _count(tokens: Any, text: str) -> int:
    """The number of tokens if the engine's value is plausible, else the number of words."""
    try:
        count = int(tokens)
        is_sound = count == tokens and 0 <= count <= MOST_TOKENS
    except (TypeError, ValueError, OverflowError):
        is_sound = False
    return count if is_sound else len(text.split())
