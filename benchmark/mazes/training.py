"""Mazes for training: endless streams without the layouts that are reserved for suites (see `split`).

Without the split, a long training run would see nearly every 4x4 and 5x5 layout of the suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from .endpoints import pick_endpoints
from .generate import Source, batch
from .maze import DOWN, LEFT, RIGHT, UP, Maze
from .seeds import seeds
from .split import reserved

GENERATORS = ("dfs", "wilson", "kruskal", "braided")
"""The generators of training mazes. The suite tests transfer to the other generators, which are held out."""
_BLOCK = 16  # mazes of each generator that are made at once; another number would change the streams


def stream(
    name: str, rows: int, cols: int, generators: tuple[str, ...] = GENERATORS, at_least: int = 1
) -> Iterator[Maze]:
    """Yield mazes without end, with the generators in turn. Streams with the same name and size are the same.

    Start and goal of a maze are at least `at_least` moves apart.
    """
    for block in count():
        blocks = [
            make_mazes(
                Source(f"training/{name}/{rows}x{cols}/{generator}/{block}", generator, rows, cols), _BLOCK, at_least
            )
            for generator in generators
        ]
        for mazes in zip(
            *blocks, strict=False
        ):  # the surplus of the longer lists is dropped, so that the generators stay in turn
            yield from mazes


def alter(maze: Maze, share: float, random: np.random.Generator) -> Maze:
    """Return the maze with a share of its inner places inverted: walls are removed, and openings are closed.

    The result may have open rooms and separate regions, so that the goal may be unreachable. Where the new layout is
    reserved for suites, the maze is returned unchanged.
    """
    walls = maze.walls.copy()
    right, down = random.random((maze.rows, maze.cols - 1)) < share, random.random((maze.rows - 1, maze.cols)) < share
    walls[:, :-1] ^= right * np.uint8(RIGHT)
    walls[:, 1:] ^= right * np.uint8(LEFT)
    walls[:-1] ^= down * np.uint8(DOWN)
    walls[1:] ^= down * np.uint8(UP)
    return maze if reserved(walls[None])[0] else Maze(walls, maze.start, maze.goal)


def make_mazes(source: Source, n: int, at_least: int, held_out: bool = False) -> list[Maze]:
    """Generate `n` mazes and return those whose layouts are not reserved for suites (`held_out`: those that are).

    Mazes without a start and a goal that are `at_least` moves apart are left out too.
    """
    numbers = seeds(source.name, n)
    walls = batch(source.generator, source.rows, source.cols, numbers)
    chosen = reserved(walls) == held_out
    walls, numbers = walls[chosen], numbers[chosen]
    endpoints = pick_endpoints(walls, numbers, at_least=at_least)
    return [Maze(layout, *pair, check=False) for layout, pair in zip(walls, endpoints, strict=True) if pair[0][0] >= 0]
