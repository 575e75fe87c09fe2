"""How the maze of a case is made. Apart from `cases`, because it needs Numba."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import NamedTuple

from .endpoints import pick_endpoints
from .generate import batch
from .maze import Maze
from .seeds import seeds
from .split import reserved
from .symmetry import images
from .twins import twins

_BATCH = 8  # mazes that are made at once; part of the suite, as their seeds are made together


class Source(NamedTuple):
    """What decides a stream of mazes."""

    name: str
    """What its seeds are made from."""
    generator: str
    rows: int
    cols: int


def first(source: Source) -> Maze:
    """The first maze of the stream."""
    return next(_reserved(source))


def twin(source: Source, is_solvable: bool) -> Maze:
    """The solvable or the unsolvable twin made from the first maze of the stream that has both."""
    return _twins(source)[is_solvable]


def turn(maze: Maze, image: int) -> Maze:
    """One of the eight rotations and reflections, 0 to 7; 0 is the maze itself."""
    return images(maze)[image]


def _reserved(source: Source) -> Iterator[Maze]:
    """Seeds in order, those passed over that give no reserved layout.

    A maze of percolation may have no two cells so far apart; its seed is passed over too.
    """
    at_least = max(source.rows, source.cols)
    for attempt in count():
        numbers = seeds(f"{source.name}/{attempt}", _BATCH)
        walls = batch(source.generator, source.rows, source.cols, numbers)
        kept = reserved(walls)
        endpoints = pick_endpoints(walls[kept], numbers[kept], at_least=at_least)
        for layout, pair in zip(walls[kept], endpoints, strict=True):
            if pair[0][0] >= 0:
                yield Maze(layout, *pair, check=False)


@cache
def _twins(source: Source) -> tuple[Maze, Maze]:
    for maze in _reserved(source):
        if pair := twins(maze, source.name, keep_reserved=True):
            return pair
    raise AssertionError("the stream of mazes has no end")
