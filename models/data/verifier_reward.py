"""The reward of an answer in `rlvr`: computed by the verifier, dense and bounded.

| the answer | its reward |
| --- | --- |
| is optimal, whichever shortest path it is | 1 |
| solves the maze with a detour | 0.5 + 0.4 x shortest / moves |
| is read, and does not solve the maze | 0.4 x progress: the share of the distance to G that its valid part covered |
| cannot be read | 0 |

The length of the path or of the reply is not rewarded.
"""

from __future__ import annotations

from benchmark.mazes import answer
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score

from .formats import Text, reply_text


def reward(maze: Maze, reply: Text) -> float:
    """The reward of a reply, from 0 to 1."""
    scored = score(maze, answer.read(reply_text(reply), maze).strict)
    if scored.outcome in ("optimal", "unreachable"):
        return 1.0
    if scored.outcome == "solved":
        return 0.5 + 0.4 * scored.spl
    return 0.4 * scored.progress
