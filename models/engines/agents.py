"""The agents of the mazes' room, asked through the same door as a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchmark.mazes import answer
from benchmark.mazes.agents import AGENTS
from benchmark.mazes.suite import Case

if TYPE_CHECKING:
    from . import Reply, Request


def generate(agent: str, requests: Sequence[Request]) -> Iterator[tuple[Case, Reply]]:
    """The agent's answers, one after the other; the length of a reply is its moves."""
    from . import Reply

    for request in requests:
        given = AGENTS[agent](request.case)
        yield request.case, Reply(answer.write(given), len(given.moves or ""), truncated=False)
