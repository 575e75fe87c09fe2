"""The lattice in which mazes are carved: a flat array with a rim of one cell on each side.

Cell (r, c) of a maze with `cols` columns has the index (r + 1) * (cols + 2) + c + 1, and adding one of four steps gives
the index of a neighbour. The cells of the rim are marked as used, so that the borders need no checks.
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
    """Return the step to the neighbour on a side (0..3 for U D L R). `width` is that of the lattice with its rim."""
    if side < 2:
        return width if side else -width
    return 1 if side == 3 else -1


@njit(cache=True, inline="always")
def open_side(masks: Flags, cell: int, side: int, width: int) -> None:
    """Remove the wall on one side (0..3 for U D L R) of a cell, in the masks of both cells."""
    masks[cell] &= np.uint8(ALL ^ (1 << side))
    masks[cell + step(side, width)] &= np.uint8(ALL ^ (1 << (side ^ 1)))


@njit(cache=True)
def rim(flags: Flags, rows: int, cols: int) -> None:
    """Set the flags of the rim to 1 and all other flags to 0."""
    width = cols + 2
    flags[:] = 1
    for row in range(1, rows + 1):
        flags[row * width + 1 : row * width + cols + 1] = 0


@njit(cache=True)
def keep(masks: Flags, walls: Walls) -> None:
    """Copy the masks of a lattice into the walls of a maze, shape (rows, cols)."""
    rows, cols = walls.shape
    index = np.uint64(cols + 3)  # unsigned, because Numba checks the sign of all other indices
    for row in range(np.uint64(rows)):
        for col in range(np.uint64(cols)):
            walls[row, col] = masks[index]
            index += np.uint64(1)
        index += np.uint64(2)
