"""The solved examples of a prompt. A file of its own, because it imports Numba."""

from __future__ import annotations

from functools import cache
from itertools import islice

from .. import training
from ..maze import Maze, follow
from ..solve import shortest_path
from .options import LANGUAGES, PromptOptions


def write_reply(maze: Maze, options: PromptOptions) -> str:
    """Return a right reply to the question about a solvable maze."""
    words, moves = LANGUAGES[options.language], shortest_path(maze)
    passed = [f"({row},{col})" for row, col in follow(maze.start, moves)]
    answer = f"{words.TAG} {' '.join(passed if options.words.in_cells else moves)}"
    if not options.reasoning:
        return answer
    steps = " ".join(
        words.STEP.format(here=cell, move=move, there=neighbour)
        for cell, move, neighbour in zip(passed, moves, passed[1:], strict=False)
    )
    return f"{words.THOUGHT.format(start=passed[0], goal=passed[-1], steps=steps)}\n{answer}"


@cache
def make_shots(count: int, rows: int, cols: int) -> tuple[Maze, ...]:
    """Return the first mazes of a training stream, which has no layout of any suite."""
    return tuple(islice(training.stream("shots", rows, cols, at_least=max(rows, cols)), count))
