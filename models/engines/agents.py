"""The agents of the mazes' room, asked through the same door as a model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.mazes import answer
from benchmark.mazes.agents import AGENTS
from models.requests import Reply

if TYPE_CHECKING:
    from models.checkpoints import Checkpoint
    from models.requests import Request


class Agents:
    """The agent's answers, one after the other; the length of a reply is its moves."""

    waited = 0.0

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return {"engine": "agents"}

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        for request in requests:
            given = AGENTS[checkpoint.content()](request.case)
            yield request, Reply(answer.write(given), len(given.moves or ""), truncated=False)

    def close(self) -> None:
        """Nothing is held."""
