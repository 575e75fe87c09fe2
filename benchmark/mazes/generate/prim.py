"""prim: grow a tree from one cell, each time through a wall chosen at random from all walls around the tree.

This is the variant that maze generators use. Prim's algorithm with random weights would give the same trees as
Kruskal's. A uniform choice from the frontier gives even shorter dead ends, which spread out from the first cell.
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
    masks, in_tree = np.empty(size, np.uint8), np.empty(size, np.uint8)
    frontier = np.empty(4 * rows * cols, np.int32)  # a cell of the tree times 4, plus one of its sides
    for i in range(n):
        masks[:] = ALL
        rim(in_tree, rows, cols)
        state = seeds[i] + GOLDEN
        first = below(state, rows * cols)
        cell, waiting, left = (first // cols + 1) * width + first % cols + 1, 0, rows * cols
        while True:
            in_tree[cell] = 1
            left -= 1
            if left == 0:
                break
            for side in range(4):
                if not in_tree[cell + step(side, width)]:
                    frontier[waiting] = 4 * cell + side
                    waiting += 1
            while True:  # until a wall is drawn whose other cell is still outside the tree
                state += GOLDEN
                drawn = below(state, waiting)
                wall = frontier[drawn]
                waiting -= 1
                frontier[drawn] = frontier[waiting]
                cell = wall // 4 + step(wall % 4, width)
                if not in_tree[cell]:
                    open_side(masks, wall // 4, wall % 4, width)
                    break
        keep(masks, walls[i])
