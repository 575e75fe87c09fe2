"""How much of the suite would be in the training data, with the guard (nothing) and without.

Counted in layouts: whoever has seen the walls, turned or mirrored, knows the maze, wherever S and G stand in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from . import training
from .cases import Case
from .generate import batch
from .maze import Walls
from .seeds import seeds
from .split import forms

_BLOCK = 10_000  # mazes that are compared at once


@dataclass(frozen=True)
class Overlap:
    """What of the layouts of some groups of the suite occurs among so many training mazes."""

    layouts: int
    """Layouts of the groups, those that are images of each other counted once."""
    mazes: int
    """Training mazes that were looked at."""
    met: int
    """Layouts of the groups that occur among them, in one of the eight images."""
    exact_layouts: int
    """Layouts of the groups, images of each other counted apart."""
    exact_met: int
    """Those of them that occur just as they stand."""

    @property
    def share(self) -> float:
        """The share of the layouts that were met."""
        return self.met / self.layouts


def overlap(
    cases: Sequence[Case], mazes: int, guarded: bool, progress: Callable[[int], object] | None = None
) -> Overlap:
    """Look for the layouts of cases, all of one shape, in the training stream, or in the same without its guard.

    `progress` is told how many mazes were looked at each time.
    """
    own = np.stack([case.maze.walls for case in cases])
    _, rows, cols = own.shape
    exact = {walls.tobytes() for walls in own}
    wanted = {form.tobytes() for form in forms(own)}
    met: set[bytes] = set()
    met_exactly: set[bytes] = set()
    looked = 0
    for walls in _guarded(rows, cols, mazes) if guarded else _unguarded(rows, cols, mazes):
        met |= wanted.intersection(form.tobytes() for form in forms(walls))
        met_exactly |= exact.intersection(layout.tobytes() for layout in walls)
        looked += len(walls)
        if progress:
            progress(len(walls))
    return Overlap(len(wanted), looked, len(met), len(exact), len(met_exactly))


def _guarded(rows: int, cols: int, mazes: int) -> Iterator[Walls]:
    stream = training.stream("overlap", rows, cols)
    for first in range(0, mazes, _BLOCK):
        yield np.stack([maze.walls for maze in islice(stream, min(_BLOCK, mazes - first))])


def _unguarded(rows: int, cols: int, mazes: int) -> Iterator[Walls]:
    for first in range(0, mazes, _BLOCK):
        here = min(_BLOCK, mazes - first)
        shares = np.array_split(seeds(f"overlap/{rows}x{cols}/{first}", here), len(training.GENERATORS))
        for generator, numbers in zip(training.GENERATORS, shares, strict=True):
            if len(numbers):
                yield batch(generator, rows, cols, numbers)
