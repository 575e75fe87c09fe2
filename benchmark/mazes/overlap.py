"""Counts the layouts of a suite that occur in the training data, with the split (none) and without it.

Layouts are counted without S and G, and in any orientation: a model that has learned the walls of a maze, rotated or
mirrored, knows the maze.
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

_BLOCK = 10_000  # mazes that are compared at once; another number would change the seeds without the split


@dataclass(frozen=True)
class Overlap:
    """How many layouts of some groups occur in a number of training mazes."""

    layouts: int
    """Layouts of the groups, with rotations and reflections counted once."""
    mazes: int
    """Training mazes that were searched."""
    met: int
    """Layouts of the groups that occur in the training mazes, in any orientation."""
    exact_layouts: int
    """Layouts of the groups, with rotations and reflections counted separately."""
    exact_met: int
    """Of these, layouts that occur in the training mazes in the same orientation."""

    @property
    def share(self) -> float:
        """The share of the layouts that occur in the training mazes, from 0 to 1."""
        return self.met / self.layouts


def overlap(
    cases: Sequence[Case], mazes: int, guarded: bool, progress: Callable[[int], object] | None = None
) -> Overlap:
    """Search the training stream (`guarded`), or the same stream without the split, for the layouts of cases.

    All cases have one shape. `progress` is called with the number of mazes searched since its last call.
    """
    layouts = np.stack([case.maze.walls for case in cases])
    _, rows, cols = layouts.shape
    exact = {walls.tobytes() for walls in layouts}
    wanted = {form.tobytes() for form in forms(layouts)}
    met: set[bytes] = set()
    met_exactly: set[bytes] = set()
    searched = 0
    for walls in _guarded(rows, cols, mazes) if guarded else _unguarded(rows, cols, mazes):
        met |= wanted.intersection(form.tobytes() for form in forms(walls))
        met_exactly |= exact.intersection(layout.tobytes() for layout in walls)
        searched += len(walls)
        if progress:
            progress(len(walls))
    return Overlap(len(wanted), searched, len(met), len(exact), len(met_exactly))


def _guarded(rows: int, cols: int, mazes: int) -> Iterator[Walls]:
    stream = training.stream("overlap", rows, cols)
    for first in range(0, mazes, _BLOCK):
        yield np.stack([maze.walls for maze in islice(stream, min(_BLOCK, mazes - first))])


def _unguarded(rows: int, cols: int, mazes: int) -> Iterator[Walls]:
    for first in range(0, mazes, _BLOCK):
        size = min(_BLOCK, mazes - first)
        shares = np.array_split(seeds(f"overlap/{rows}x{cols}/{first}", size), len(training.GENERATORS))
        for generator, numbers in zip(training.GENERATORS, shares, strict=True):
            if len(numbers):
                yield batch(generator, rows, cols, numbers)
