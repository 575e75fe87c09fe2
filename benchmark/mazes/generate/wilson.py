"""wilson: a uniformly random spanning tree, by loop-erased random walks (Wilson 1996). Short dead ends, no bias."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below, mix
from .lattice import Seeds, keep, open_side, rim, step

_IN_TREE = 2  # beside 1, which marks the rim


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    width = cols + 2
    size = (rows + 2) * width
    masks, marks, leaves_by = np.empty(size, np.uint8), np.empty(size, np.uint8), np.empty(size, np.uint8)
    for i in range(n):
        masks[:] = ALL
        rim(marks, rows, cols)
        state = seeds[i] + GOLDEN
        root = below(state, rows * cols)
        marks[(root // cols + 1) * width + root % cols + 1] = _IN_TREE
        for first in range(width + 1, size - width - 1):
            if marks[first]:
                continue
            # a random walk until it meets the tree; the last side by which it left each cell is its loop-erased path
            cell = first
            pair, pairs = np.uint64(0), 0
            while marks[cell] != _IN_TREE:
                if pairs == 0:  # one random number serves 32 steps
                    state += GOLDEN
                    pair, pairs = mix(state), 32
                side = int(pair & np.uint64(3))
                pair >>= np.uint64(2)
                pairs -= 1
                beside = cell + step(side, width)
                if marks[beside] != 1:
                    leaves_by[cell] = side
                    cell = beside
            cell = first
            while marks[cell] != _IN_TREE:
                marks[cell] = _IN_TREE
                side = leaves_by[cell]
                open_side(masks, cell, side, width)
                cell += step(side, width)
        keep(masks, walls[i])
