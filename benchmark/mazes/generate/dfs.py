"""dfs, the recursive backtracker: continue at random from the newest cell, and step back at a dead end.

The mazes have long winding corridors and few junctions. The distribution is far from uniform: of about 12,600 different
4x4 trees (rotations and reflections counted once) it makes about 480.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below
from .lattice import Flags, Seeds, keep

# _PICK[mask, k] is the k-th side in a bit mask, _COUNT[mask] the number of its sides
_COUNT = np.array([mask.bit_count() for mask in range(16)], np.uint8)
_PICK = np.array([([side for side in range(4) if mask >> side & 1] + [0] * 4)[:4] for mask in range(16)], np.uint8)
_WITHOUT = np.array([ALL ^ (1 << side) for side in range(4)], np.uint8)  # all walls except the one on a side
_FREE = 16  # set in the mask of a cell that has not been reached
_ONE = np.uint64(1)


@njit(cache=True)
def blank(rows: int, cols: int) -> Flags:
    """Return a lattice in which every cell has all walls and is free; the rim is not free."""
    masks = np.zeros((rows + 2) * (cols + 2), np.uint8)
    for row in range(1, rows + 1):
        for col in range(1, cols + 1):
            masks[row * (cols + 2) + col] = _FREE | ALL
    return masks


@njit(cache=True)
def grow(masks: Flags, stack: Seeds, rows: int, cols: int, state: np.uint64) -> np.uint64:
    """Carve one maze into a blank lattice and return the state of the random numbers after it.

    Cells and sides are unsigned integers, because Numba checks the sign of all other indices, which takes half as much
    time again.
    """
    width, bit = np.uint64(cols + 2), np.uint8(4)
    state += GOLDEN
    first = below(state, rows * cols)
    cell = np.uint64((first // cols + 1) * (cols + 2) + first % cols + 1)
    masks[cell] = ALL
    depth, left = np.uint64(0), rows * cols - 1
    while left:
        # one bit for each free neighbour; `_FREE` is bit 4 of its mask
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
        if free & (free - _ONE):  # more than one bit: only then a random number is needed
            state += GOLDEN
            drawn = np.uint64(below(state, _COUNT[free]))
        side = np.uint64(_PICK[free, drawn])
        masks[cell] &= _WITHOUT[side]
        if side < 2:  # noqa: SIM108  # a nested conditional expression is harder to read
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
