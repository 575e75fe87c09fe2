"""The agents of `benchmark.mazes`, asked in the same way as a model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from benchmark.mazes import answer
from benchmark.mazes.agents import AGENTS
from benchmark.mazes.errors import EngineError
from models.checkpoints import Agent, Checkpoint
from models.requests import Reply, Request


class Agents:
    """The agent's answers, one after the other; the length of a reply is its moves."""

    startup_seconds = 0.0

    def describe(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return {"engine": "agents"}

    def generate(self, checkpoint: Checkpoint, requests: Sequence[Request]) -> Generator[tuple[Request, Reply]]:
        """Raises EngineError for a checkpoint that is no agent."""
        if not isinstance(checkpoint, Agent):
            raise EngineError(f"{checkpoint.name} is no agent, and the engine agents asks nothing else")
        for request in requests:
            given = AGENTS[checkpoint.agent](request.case)
            yield request, Reply(answer.write(given), len(given.moves or ""), truncated=False)

    def close(self) -> None:
        """Nothing is held."""
