"""Makes the mazes of cases. A file of its own, because it imports Numba and `cases` does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count

from .endpoints import pick_endpoints
from .generate import Source, batch
from .maze import Maze
from .seeds import seeds
from .split import reserved
from .symmetry import images
from .twins import twins

__all__ = ["Source", "first", "turn", "twin"]

_BATCH = 8  # mazes that are made at once; another number would change the seeds, and so the suite


def first(source: Source) -> Maze:
    """Return the first maze of a stream."""
    return next(_reserved(source))


def twin(source: Source, is_solvable: bool) -> Maze:
    """Return the solvable or unsolvable twin, made from the first maze of a stream that has both."""
    return _twins(source)[is_solvable]


def turn(maze: Maze, image: int) -> Maze:
    """Return one of the eight rotations and reflections of a maze, 0 to 7; 0 is the maze itself."""
    return images(maze)[image]


def _reserved(source: Source) -> Iterator[Maze]:
    """Yield the mazes of a stream that have a reserved layout and two cells that are far enough apart.

    A percolation maze may have no such cells.
    """
    at_least = max(source.rows, source.cols)
    for attempt in count():
        numbers = seeds(f"{source.name}/{attempt}", _BATCH)
        walls = batch(source.generator, source.rows, source.cols, numbers)
        is_reserved = reserved(walls)
        endpoints = pick_endpoints(walls[is_reserved], numbers[is_reserved], at_least=at_least)
        for layout, pair in zip(walls[is_reserved], endpoints, strict=True):
            if pair[0][0] >= 0:
                yield Maze(layout, *pair, check=False)


@cache
def _twins(source: Source) -> tuple[Maze, Maze]:
    for maze in _reserved(source):
        if pair := twins(maze, source.name, keep_reserved=True):
            return pair
    raise AssertionError("unreachable: the stream of mazes is endless")
