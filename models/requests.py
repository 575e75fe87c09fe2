"""What is asked of an engine, and what comes back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from benchmark.mazes.errors import EngineError
from benchmark.mazes.printable import encodable
from benchmark.mazes.prompt import Message
from benchmark.mazes.suite import Case

from . import budget

MOST_TOKENS = 10**9
"""No reply is longer: a larger count is a server's mistake."""


@dataclass(frozen=True)
class Request:
    """One question. Models read the prompt, agents the maze.

    A prompt is a text to continue, or messages for the model's chat template.
    """

    case: Case
    prompt: str | list[Message]
    reasoning: bool = False
    """Whether it asks for thoughts before the answer, which need room."""
    sample: int = 0
    """Which of the replies to this question it is; each has a seed of its own."""
    temperature: float = 0.0
    """0 is greedy: the likeliest token each time."""

    @property
    def place(self) -> tuple[str, str, int]:
        """What tells it from all other requests to a checkpoint."""
        return self.case.group, self.case.id, self.sample

    @property
    def seed(self) -> int:
        """The seed of its sampling, 63 bits: the same whatever is asked beside it, whichever engine is asked."""
        name = f"{self.case.seed_name()}/{self.case.id}/sample-{self.sample}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1

    @property
    def cells(self) -> int:
        """The cells of the maze."""
        return self.case.maze.rows * self.case.maze.cols

    def cache_key(self) -> dict[str, Any]:
        """What of it decides the reply, beside checkpoint and engine.

        The prompt stands for its token ids: tokenizer and chat template belong to the checkpoint's content. So a run
        that is all cached need not load a tokenizer.
        """
        sampled = {"temperature": self.temperature, "seed": self.seed} if self.temperature else {}
        room = [*budget.REPLY, budget.THOUGHTS if self.reasoning else 0, self.cells]
        return {"prompt": self.prompt, "room": room, "sample": self.sample, **sampled}


@dataclass(frozen=True)
class Reply:
    """What came back: the text, its length in tokens, and whether the engine had to cut it off.

    Servers and people's engines give anything. What no file or database can hold is mended here, at the door of all
    engines: lone surrogates, and a count of tokens that is no whole number (the words are counted instead). Raises
    EngineError for what is no text.
    """

    text: str
    tokens: int
    truncated: bool

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise EngineError(f"the reply is {type(self.text).__name__} and no text")
        # str() and int() also turn subclasses, such as NumPy's, into what SQLite and JSON know
        text = encodable(str(self.text))
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "tokens", _count(self.tokens, text))
        object.__setattr__(self, "truncated", bool(self.truncated))


def _count(tokens: Any, text: str) -> int:
    """The number of tokens as the engine says it, or the number of words where it says nothing that can be."""
    try:
        count = int(tokens)
        is_sound = count == tokens and 0 <= count <= MOST_TOKENS
    except (TypeError, ValueError, OverflowError):
        is_sound = False
    return count if is_sound else len(text.split())
