"""percolation: each inner wall is open with probability `share`, independently of all other walls.

The mazes have loops and separate regions. Near a share of 0.5 the largest region breaks apart.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import ALL, DOWN, LEFT, RIGHT, UP, Walls
from ..splitmix import GOLDEN, chance
from .lattice import Seeds


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, share: float) -> None:
    n, rows, cols = walls.shape
    for i in range(n):
        maze, state = walls[i], seeds[i]
        maze[:] = ALL
        for row in range(rows):
            for col in range(cols):
                if row + 1 < rows:
                    state += GOLDEN
                    if chance(state, share):
                        maze[row, col] &= np.uint8(ALL ^ DOWN)
                        maze[row + 1, col] &= np.uint8(ALL ^ UP)
                if col + 1 < cols:
                    state += GOLDEN
                    if chance(state, share):
                        maze[row, col] &= np.uint8(ALL ^ RIGHT)
                        maze[row, col + 1] &= np.uint8(ALL ^ LEFT)
