"""Mazes to learn from: an endless stream that keeps clear of every layout that is reserved for suites (see `split`).

Without this guard nearly every 4x4 and 5x5 layout of the suite would be in the training data of a long run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from .endpoints import pick_endpoints
from .generate import batch
from .maze import DOWN, LEFT, RIGHT, UP, Maze
from .seeds import seeds
from .split import reserved

GENERATORS = ("dfs", "wilson", "kruskal", "braided")
"""What checkpoints learn from. The others are held out, so that the suite can ask for what was never seen."""
_BLOCK = 16  # mazes of each generator that are made at once


def stream(
    name: str, rows: int, cols: int, generators: tuple[str, ...] = GENERATORS, at_least: int = 1
) -> Iterator[Maze]:
    """Mazes without end, the generators in turn; `name` decides the seeds, so one name is one stream for ever.

    The endpoints of a maze are at least `at_least` moves apart.
    """
    for block in count():
        blocks = [
            make_mazes(f"training/{name}/{rows}x{cols}/{generator}/{block}", _BLOCK, generator, rows, cols, at_least)
            for generator in generators
        ]
        for mazes in zip(*blocks, strict=False):  # a few of the longer ones are left out, which keeps the turns even
            yield from mazes


def alter(maze: Maze, share: float, random: np.random.Generator) -> Maze:
    """The maze with this share of its inner walls taken away where they stood and put up where none stood.

    So it has rooms, and regions that are cut off, perhaps with one of its endpoints. A layout that is reserved is not
    made.
    """
    walls = maze.walls.copy()
    right, down = random.random((maze.rows, maze.cols - 1)) < share, random.random((maze.rows - 1, maze.cols)) < share
    walls[:, :-1] ^= right * np.uint8(RIGHT)
    walls[:, 1:] ^= right * np.uint8(LEFT)
    walls[:-1] ^= down * np.uint8(DOWN)
    walls[1:] ^= down * np.uint8(UP)
    return maze if reserved(walls[None])[0] else Maze(walls, maze.start, maze.goal)


def make_mazes(
    name: str, n: int, generator: str, rows: int, cols: int, at_least: int, held_out: bool = False
) -> list[Maze]:
    """Of `n` mazes of one generator those whose layouts are not reserved (`held_out`: those whose are).

    The ones without endpoints at least so far apart are left out too.
    """
    numbers = seeds(name, n)
    walls = batch(generator, rows, cols, numbers)
    chosen = reserved(walls) == held_out
    walls, numbers = walls[chosen], numbers[chosen]
    endpoints = pick_endpoints(walls, numbers, at_least=at_least)
    return [Maze(layout, *pair, check=False) for layout, pair in zip(walls, endpoints, strict=True) if pair[0][0] >= 0]
