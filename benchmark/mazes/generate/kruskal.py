"""kruskal: go through the walls in random order, and open each wall between two parts that are not connected yet.

This gives a minimum spanning tree for random weights (Kruskal 1956). The mazes have many short dead ends; the
distribution is close to uniform.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, Walls
from ..splitmix import GOLDEN, below
from .lattice import Numbers, Seeds, keep, open_side, step


@njit(cache=True)
def _root(parent: Numbers, cell: int) -> int:
    """Return the root of the part that contains a cell, in a union-find forest.

    Each visited cell is linked to its grandparent (path halving, Tarjan and van Leeuwen 1984), so that later calls are
    faster.
    """
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
        while left:  # a Fisher-Yates shuffle that stops when all cells are connected
            state += GOLDEN
            drawn = below(state, count)
            wall = inner[drawn]
            count -= 1
            inner[drawn] = inner[count]
            cell, side = wall // 4, wall % 4
            root, next_root = _root(parent, cell), _root(parent, cell + step(side, width))
            if root != next_root:  # otherwise the opening would close a loop
                parent[root] = next_root
                open_side(masks, cell, side, width)
                left -= 1
        keep(masks, walls[i])
