"""Mazes to learn from: an endless stream that keeps clear of every layout that is reserved for suites (see `split`).

Without this guard nearly every 4x4 and 5x5 layout of the suite would be in the training data of a long run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from .ends import pick
from .generate import batch
from .maze import Maze
from .seeds import seeds
from .split import reserved

GENERATORS = ("dfs", "wilson", "kruskal", "braided")
"""What checkpoints learn from. The others are held out, so that the suite can ask for what was never seen."""
_BLOCK = 16  # mazes of each generator that are made at once


def stream(
    name: str, rows: int, cols: int, generators: tuple[str, ...] = GENERATORS, at_least: int = 1
) -> Iterator[Maze]:
    """Mazes without end, the generators in turn; `name` decides the seeds, so one name is one stream for ever.

    The ends of a maze are at least `at_least` moves apart.
    """
    for block in count():
        made = [
            _made(f"training/{name}/{rows}x{cols}/{generator}/{block}", generator, rows, cols, at_least)
            for generator in generators
        ]
        for mazes in zip(*made, strict=False):  # a few of the longer ones are left out, which keeps the turns even
            yield from mazes


def _made(name: str, generator: str, rows: int, cols: int, at_least: int) -> list[Maze]:
    """One block of one generator, without the reserved layouts and those that have no such ends."""
    numbers = seeds(name, _BLOCK)
    walls = batch(generator, rows, cols, numbers)
    free = ~reserved(walls)
    walls, numbers = walls[free], numbers[free]
    ends = pick(walls, numbers, at_least=at_least)
    return [Maze(layout, *pair, check=False) for layout, pair in zip(walls, ends, strict=True) if pair[0][0] >= 0]
