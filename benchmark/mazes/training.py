"""Mazes to learn from: an endless stream that keeps clear of the suite.

A layout that the suite has, in any of its eight rotations and reflections, never comes out of here. Without this
guard nearly every 4x4 and 5x5 maze of the suite would be in the training data of a long run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from . import suite
from .generate import GENERATORS, generate
from .maze import Maze
from .symmetry import canonical


def stream(
    name: str, rows: int, cols: int, generators: tuple[str, ...] = GENERATORS, at_least: int = 1
) -> Iterator[Maze]:
    """Mazes without end, the generators in turn; `name` decides the seeds, so one name is one stream for ever.

    The ends of a maze are at least `at_least` moves apart.
    """
    refused = suite.layouts(rows, cols)
    first = int.from_bytes(hashlib.sha256(f"training/{name}/{rows}x{cols}".encode()).digest()[:8], "big")
    count = 0
    while True:
        # seeds far apart: SplitMix64 adds a fixed odd constant each step, so neighbours would share numbers
        seed = int.from_bytes(hashlib.sha256(f"{first}/{count}".encode()).digest()[:8], "big")
        maze = generate(generators[count % len(generators)], rows, cols, seed, at_least)
        count += 1
        if canonical(maze.walls) not in refused:
            yield maze
