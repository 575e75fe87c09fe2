"""Agents: answers without a model, the ceiling and the floors of every table.

oracle          a shortest way
random-walk     goes on at random through open sides until it stands on G, or has made as many moves as there are cells
constant        the same answer to every maze of a shape: the shortest way that was right most often among
                1,000 training mazes of that shape
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from benchmark.mazes import answer
from benchmark.mazes.maze import MOVES, Maze

if TYPE_CHECKING:
    from . import Reply, Request


def generate(agent: str, requests: Sequence[Request]) -> Iterator[tuple[str, Reply]]:
    """The agent's answers, one after the other."""
    from . import Reply

    for request in requests:
        moves = AGENTS[agent](request.maze)
        yield request.key, Reply("answer: " + " ".join(moves), len(moves), truncated=False)


def oracle(maze: Maze) -> str:
    from benchmark.mazes.solve import shortest_path

    return shortest_path(maze)


def random_walk(maze: Maze) -> str:
    random = Random(maze.digest())
    (row, col), moves = maze.start, ""
    while (row, col) != maze.goal and len(moves) < maze.rows * maze.cols:
        move = random.choice([move for move, (side, _) in MOVES.items() if not maze.walls[row, col] & side])
        row, col = answer.cells((row, col), move)[1]
        moves += move
    return moves


def constant(maze: Maze) -> str:
    return _commonest(maze.rows, maze.cols)


@cache
def _commonest(rows: int, cols: int) -> str:
    from benchmark.mazes import training
    from benchmark.mazes.solve import shortest_path

    mazes = islice(training.stream("constant", rows, cols, at_least=max(rows, cols)), 1000)
    # ties broken by the alphabet, so that the answer does not hang on the order of the mazes
    return min(Counter(map(shortest_path, mazes)).items(), key=lambda item: (-item[1], item[0]))[0]


AGENTS: dict[str, Callable[[Maze], str]] = {"oracle": oracle, "random-walk": random_walk, "constant": constant}
