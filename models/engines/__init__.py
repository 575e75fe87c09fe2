"""Engines: what turns requests into replies for one checkpoint. One file an engine, and one line in ENGINES.

An engine is a class with three methods, made once a session:

    describe(checkpoint)             what of it decides a reply, for the cache and for the saved run
    generate(checkpoint, requests)   a generator of (request, reply), each as soon as it is there; closed, it stops
    close()                          gives memory and processes back

`generate` raises EngineError when it cannot go on; what it has given until then stays given. Where one request alone
has failed, its EngineError comes in the place of its reply.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from benchmark.mazes.errors import EngineError
from benchmark.mazes.printable import encodable
from benchmark.mazes.prompt import Message
from benchmark.mazes.suite import Case

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint

ENGINES = {
    "agents": "models.engines.agents:Agents",
    "transformers": "models.engines.transformers:Transformers",
    "vllm": "models.engines.vllm:Vllm",
    "server": "models.engines.server:Server",
}

ROOM = (64, 11, 5)
"""What a reply may take, see `room`."""
THOUGHTS = 4096
"""The tokens that reasoning may take beside the answer."""
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

    def decides(self) -> dict[str, Any]:
        """What of it decides the reply, beside checkpoint and engine.

        The prompt stands for its token ids: tokenizer and chat template belong to the checkpoint's content. So a run
        that is all cached need not load a tokenizer.
        """
        sampled = {"temperature": self.temperature, "seed": self.seed} if self.temperature else {}
        room = [*ROOM, THOUGHTS if self.reasoning else 0, self.cells]
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


class Engine(Protocol):
    """What an engine does; see the module."""

    waited: float
    """Seconds for which it had to start before it could reply, over all that it was asked."""

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]: ...

    def generate(
        self, checkpoint: Checkpoint, requests: Sequence[Request]
    ) -> Generator[tuple[Request, Reply | EngineError]]: ...

    def close(self) -> None: ...


@runtime_checkable
class Adapting(Protocol):
    """An engine that may have to ask in another way than it was told to."""

    def adapted(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What it had to change; empty where nothing."""
        ...


def adapted(engine: Engine, checkpoint: Checkpoint) -> dict[str, Any]:
    """What a saved run says of an engine that had to ask in another way; it is no part of the cache's key."""
    changes = engine.adapted(checkpoint) if isinstance(engine, Adapting) else {}
    return {"adapted": changes} if changes else {}


def make(name: str, **settings: Any) -> Engine:
    """The engine of that name. What it needs is imported here, and not before."""
    module, _, kind = ENGINES[name].partition(":")
    return getattr(import_module(module), kind)(**settings)


def room(cells: int, tokens: int = 1) -> int:
    """The most tokens that a reply about a maze of so many cells may have, where a cell's name takes so many tokens.

    Every cell may be named five times, and may take 11 tokens, which is the longest that the nano family's searches
    get; with 64 more. It is the same for all mazes of a size, so that it gives nothing away.
    """
    anyway, cell, named = ROOM
    return anyway + max(cell, named * tokens) * cells


def _count(tokens: Any, text: str) -> int:
    """The number of tokens as the engine says it, or the number of words where it says nothing that can be."""
    try:
        count = int(tokens)
        is_sound = count == tokens and 0 <= count <= MOST_TOKENS
    except (TypeError, ValueError, OverflowError):
        is_sound = False
    return count if is_sound else len(text.split())


def version(*packages: str) -> dict[str, str]:
    """The versions of those packages that are installed, found without importing them."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
