"""wilson: a uniformly random spanning tree from loop-erased random walks (Wilson 1996).

The mazes have short dead ends, and each tree has the same probability.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below, mix
from .lattice import Seeds, keep, open_side, rim, step

_IN_TREE = 2  # 1 marks the rim


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    width = cols + 2
    size = (rows + 2) * width
    masks, marks, last_side = np.empty(size, np.uint8), np.empty(size, np.uint8), np.empty(size, np.uint8)
    for i in range(n):
        masks[:] = ALL
        rim(marks, rows, cols)
        state = seeds[i] + GOLDEN
        root = below(state, rows * cols)
        marks[(root // cols + 1) * width + root % cols + 1] = _IN_TREE
        for first in range(width + 1, size - width - 1):
            if marks[first]:
                continue
            # A random walk from `first` until it meets the tree. Only the last side by which the walk left each cell
            # is stored: following these sides skips every loop, so that they are the loop-erased walk.
            cell = first
            bits, pairs = np.uint64(0), 0
            while marks[cell] != _IN_TREE:
                if pairs == 0:  # one random number has the bits of 32 steps, two for each
                    state += GOLDEN
                    bits, pairs = mix(state), 32
                side = int(bits & np.uint64(3))
                bits >>= np.uint64(2)
                pairs -= 1
                neighbour = cell + step(side, width)
                if marks[neighbour] != 1:  # a step onto the rim is drawn again
                    last_side[cell] = side
                    cell = neighbour
            # add the path to the tree
            cell = first
            while marks[cell] != _IN_TREE:
                marks[cell] = _IN_TREE
                side = last_side[cell]
                open_side(masks, cell, side, width)
                cell += step(side, width)
        keep(masks, walls[i])
