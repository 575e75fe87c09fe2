"""dfs, the recursive backtracker: walk on at random from the newest cell, and step back where it is stuck.

Long winding corridors and few junctions. It is far from uniform: of the 12,600 or so 4x4 layouts that are no
rotations or reflections of each other it makes some 480.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import Walls
from ..splitmix import GOLDEN, below
from .lattice import Flags, Numbers, Seeds, keep, open_side, rim, step

# of the sides that a bit mask names, the k-th: _PICK[mask, k], and their number: _COUNT[mask]
_COUNT = np.array([mask.bit_count() for mask in range(16)], np.uint8)
_PICK = np.array([([side for side in range(4) if mask >> side & 1] + [0] * 4)[:4] for mask in range(16)], np.uint8)


@njit(cache=True)
def grow(masks: Flags, taken: Flags, stack: Numbers, rows: int, cols: int, state: np.uint64) -> np.uint64:
    """Carve one maze into a lattice; returns the state of the random numbers after it."""
    width = cols + 2
    rim(taken, rows, cols)
    masks[:] = 15
    state += GOLDEN
    first = below(state, rows * cols)
    cell = (first // cols + 1) * width + first % cols + 1
    taken[cell] = 1
    depth, left = 0, rows * cols - 1
    while left:
        free = 15 - (taken[cell - width] | taken[cell + width] << 1 | taken[cell - 1] << 2 | taken[cell + 1] << 3)
        if free == 0:
            depth -= 1
            cell = stack[depth]
            continue
        side = _PICK[free, 0]
        if free & (free - 1):
            state += GOLDEN
            side = _PICK[free, below(state, _COUNT[free])]
        stack[depth] = cell
        depth += 1
        open_side(masks, cell, side, width)
        cell += step(side, width)
        taken[cell] = 1
        left -= 1
    return state


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    size = (rows + 2) * (cols + 2)
    masks, taken = np.empty(size, np.uint8), np.empty(size, np.uint8)
    stack = np.empty(rows * cols, np.int32)
    for i in range(n):
        grow(masks, taken, stack, rows, cols, seeds[i])
        keep(masks, walls[i])
