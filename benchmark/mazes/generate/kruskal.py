"""kruskal: take the walls in random order, and open each that stands between two parts not yet joined.

A minimum spanning tree on random weights (Kruskal 1956): many short dead ends, near uniform but not quite.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below
from .lattice import Numbers, Seeds, keep, open_side, step


@njit(cache=True)
def _part(parent: Numbers, cell: int) -> int:
    """The cell that stands for the part in which a cell lies; halves the way there for the next time."""
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    width = cols + 2
    size = (rows + 2) * width
    masks, parent = np.empty(size, np.uint8), np.empty(size, np.int32)
    inner = np.empty(2 * rows * cols, np.int32)  # a cell times 4, plus its lower (1) or right (3) side
    for i in range(n):
        masks[:] = ALL
        state, count = seeds[i], 0
        for row in range(1, rows + 1):
            for cell in range(row * width + 1, row * width + cols + 1):
                parent[cell] = cell
                if row < rows:
                    inner[count] = 4 * cell + 1
                    count += 1
                if cell < row * width + cols:
                    inner[count] = 4 * cell + 3
                    count += 1
        left = rows * cols - 1
        while left:  # the shuffle of Fisher and Yates, as far as it is needed
            state += GOLDEN
            drawn = below(state, count)
            wall = inner[drawn]
            count -= 1
            inner[drawn] = inner[count]
            cell, side = wall // 4, wall % 4
            here, there = _part(parent, cell), _part(parent, cell + step(side, width))
            if here != there:
                parent[here] = there
                open_side(masks, cell, side, width)
                left -= 1
        keep(masks, walls[i])
