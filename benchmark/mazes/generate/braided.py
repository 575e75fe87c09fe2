"""braided: a dfs maze in which a share of the dead ends is opened, each by removing one more of its walls.

Every cell can be reached, and there are loops, so that several paths may lead to the goal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import DEAD_ENDS, Walls
from ..splitmix import GOLDEN, below, chance
from .dfs import blank, grow
from .lattice import Seeds, keep, open_side


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, share: float) -> None:
    n, rows, cols = walls.shape
    width = cols + 2
    empty = blank(rows, cols)
    masks = empty.copy()
    stack = np.empty(rows * cols, np.uint64)
    for i in range(n):
        masks[:] = empty
        state = grow(masks, stack, rows, cols, seeds[i])
        for row in range(1, rows + 1):
            for col in range(1, cols + 1):
                cell = row * width + col
                closed = masks[cell]
                if closed not in DEAD_ENDS:
                    continue  # no dead end, or opened from its neighbour already
                state += GOLDEN
                if not chance(state, share):
                    continue
                inner, count = np.empty(4, np.int32), 0
                for side in range(4):
                    at_rim = (row == 1, row == rows, col == 1, col == cols)[side]
                    if closed & (1 << side) and not at_rim:
                        inner[count] = side
                        count += 1
                if count:
                    state += GOLDEN
                    open_side(masks, cell, inner[below(state, count)], width)
        keep(masks, walls[i])
