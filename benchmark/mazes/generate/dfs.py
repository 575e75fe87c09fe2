"""dfs, the recursive backtracker: walk on at random from the newest cell, and step back where it is stuck.

Long winding corridors and few junctions. It is far from uniform: of the 12,600 or so 4x4 layouts that are no
rotations or reflections of each other it makes some 480.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below
from .lattice import Flags, Seeds, keep

# of the sides that a bit mask names, the k-th: _PICK[mask, k], and their number: _COUNT[mask]
_COUNT = np.array([mask.bit_count() for mask in range(16)], np.uint8)
_PICK = np.array([([side for side in range(4) if mask >> side & 1] + [0] * 4)[:4] for mask in range(16)], np.uint8)
_WITHOUT = np.array([ALL ^ (1 << side) for side in range(4)], np.uint8)  # all walls but that on a side
_FREE = 16  # what a cell that has not been reached holds beside its walls
_ONE = np.uint64(1)


@njit(cache=True)
def blank(rows: int, cols: int) -> Flags:
    """A lattice on which nothing is carved yet."""
    masks = np.zeros((rows + 2) * (cols + 2), np.uint8)
    for row in range(1, rows + 1):
        for col in range(1, cols + 1):
            masks[row * (cols + 2) + col] = _FREE | ALL
    return masks


@njit(cache=True)
def grow(masks: Flags, stack: Seeds, rows: int, cols: int, state: np.uint64) -> np.uint64:
    """Carve one maze into a blank lattice; returns the state of the random numbers after it.

    Cells and sides are unsigned, because Numba looks at the sign of every other index: half as fast again.
    """
    width, bit = np.uint64(cols + 2), np.uint8(4)
    state += GOLDEN
    first = below(state, rows * cols)
    cell = np.uint64((first // cols + 1) * (cols + 2) + first % cols + 1)
    masks[cell] = ALL
    depth, left = np.uint64(0), rows * cols - 1
    while left:
        free = np.uint64(
            (masks[cell - width] >> bit)
            | (masks[cell + width] >> bit) << 1
            | (masks[cell - _ONE] >> bit) << 2
            | (masks[cell + _ONE] >> bit) << 3
        )
        if free == 0:
            depth -= _ONE
            cell = stack[depth]
            continue
        stack[depth] = cell
        depth += _ONE
        drawn = np.uint64(0)
        if free & (free - _ONE):
            state += GOLDEN
            drawn = np.uint64(below(state, _COUNT[free]))
        side = np.uint64(_PICK[free, drawn])
        masks[cell] &= _WITHOUT[side]
        if side < 2:  # noqa: SIM108  # a conditional in a conditional is no easier to read
            cell = cell + width if side else cell - width
        else:
            cell = cell + _ONE if side == 3 else cell - _ONE
        masks[cell] = _WITHOUT[side ^ _ONE]
        left -= 1
    return state


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    empty = blank(rows, cols)
    masks = empty.copy()
    stack = np.empty(rows * cols, np.uint64)
    for i in range(n):
        masks[:] = empty
        grow(masks, stack, rows, cols, seeds[i])
        keep(masks, walls[i])
