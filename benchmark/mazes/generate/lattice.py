"""The lattice on which mazes are carved.

It has a rim of one cell on each side and is flattened: cell (r, c) of a maze with `cols` columns is number
(r + 1) * (cols + 2) + c + 1, its neighbours are found by adding one of four steps, and the rim is marked as taken, so
that no border has to be looked for.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..maze import ALL, Walls

Flags = NDArray[np.uint8]
Seeds = NDArray[np.uint64]
Numbers = NDArray[np.int32]


@njit(cache=True, inline="always")
def step(side: int, width: int) -> int:
    """How far it is to the neighbour on a side (0..3 for U D L R) in a lattice `width` cells wide, rim included."""
    if side < 2:
        return width if side else -width
    return 1 if side == 3 else -1


@njit(cache=True, inline="always")
def open_side(masks: Flags, cell: int, side: int, width: int) -> None:
    """Take away the wall on one side of a cell, in both cells' masks."""
    masks[cell] &= np.uint8(ALL ^ (1 << side))
    masks[cell + step(side, width)] &= np.uint8(ALL ^ (1 << (side ^ 1)))


@njit(cache=True)
def rim(flags: Flags, rows: int, cols: int) -> None:
    """Set the flags of the rim to 1 and all others to 0."""
    width = cols + 2
    flags[:] = 1
    for row in range(1, rows + 1):
        flags[row * width + 1 : row * width + cols + 1] = 0


@njit(cache=True)
def keep(masks: Flags, walls: Walls) -> None:
    """Copy the masks of a lattice into the walls of a maze, shape (rows, cols)."""
    rows, cols = walls.shape
    at = np.uint64(cols + 3)  # unsigned, because Numba looks at the sign of every other index
    for row in range(np.uint64(rows)):
        for col in range(np.uint64(cols)):
            walls[row, col] = masks[at]
            at += np.uint64(1)
        at += np.uint64(2)
