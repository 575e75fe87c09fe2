"""prim: grow from one cell, each time through a wall picked at random from all walls around what has grown.

This is the maze makers' Prim. Prim's algorithm on random weights would give the same trees as Kruskal's; picking
uniformly from the frontier gives shorter dead ends still, spreading out from where it began.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below
from .lattice import Seeds, keep, open_side, rim, step


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    width = cols + 2
    size = (rows + 2) * width
    masks, taken = np.empty(size, np.uint8), np.empty(size, np.uint8)
    frontier = np.empty(4 * rows * cols, np.int32)  # a cell that has grown, times 4, plus a side of it
    for i in range(n):
        masks[:] = ALL
        rim(taken, rows, cols)
        state = seeds[i] + GOLDEN
        first = below(state, rows * cols)
        cell, waiting, left = (first // cols + 1) * width + first % cols + 1, 0, rows * cols
        while True:
            taken[cell] = 1
            left -= 1
            if left == 0:
                break
            for side in range(4):
                if not taken[cell + step(side, width)]:
                    frontier[waiting] = 4 * cell + side
                    waiting += 1
            while True:  # until a wall is drawn that has not been grown around meanwhile
                state += GOLDEN
                drawn = below(state, waiting)
                wall = frontier[drawn]
                waiting -= 1
                frontier[drawn] = frontier[waiting]
                cell = wall // 4 + step(wall % 4, width)
                if not taken[cell]:
                    open_side(masks, wall // 4, wall % 4, width)
                    break
        keep(masks, walls[i])
