"""division: split an open room by a wall with one gap, and repeat this in both halves.

The mazes have long straight walls, each with one gap. A room is split across its longer side, a square room in a random
direction.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ..maze import DOWN, LEFT, RIGHT, UP, Walls
from ..splitmix import GOLDEN, below
from .lattice import Seeds


@njit(cache=True)
def carve(walls: Walls, seeds: Seeds, _: float) -> None:
    n, rows, cols = walls.shape
    # a stack of rooms to split: first row, first column, rows, columns
    rooms = np.empty((rows * cols + 1, 4), np.int32)
    for i in range(n):
        maze, state = walls[i], seeds[i]
        for row in range(rows):
            for col in range(cols):
                border = (row == 0) * UP | (row == rows - 1) * DOWN | (col == 0) * LEFT | (col == cols - 1) * RIGHT
                maze[row, col] = np.uint8(border)
        rooms[0, 0], rooms[0, 1], rooms[0, 2], rooms[0, 3] = 0, 0, rows, cols
        waiting = 1
        while waiting:
            waiting -= 1
            top, left, high, wide = rooms[waiting]
            if high == 1 or wide == 1:
                continue
            state += GOLDEN
            flat = high > wide or (high == wide and below(state, 2) == 0)
            state += GOLDEN
            split = 1 + below(state, (high if flat else wide) - 1)
            state += GOLDEN
            gap = below(state, wide if flat else high)
            if flat:
                for col in range(left, left + wide):
                    if col != left + gap:
                        maze[top + split - 1, col] |= np.uint8(DOWN)
                        maze[top + split, col] |= np.uint8(UP)
                # the upper half replaces the room on the stack, and the lower half is pushed
                rooms[waiting, 2] = split
                rooms[waiting + 1, 0], rooms[waiting + 1, 1] = top + split, left
                rooms[waiting + 1, 2], rooms[waiting + 1, 3] = high - split, wide
            else:
                for row in range(top, top + high):
                    if row != top + gap:
                        maze[row, left + split - 1] |= np.uint8(RIGHT)
                        maze[row, left + split] |= np.uint8(LEFT)
                rooms[waiting, 3] = split
                rooms[waiting + 1, 0], rooms[waiting + 1, 1] = top, left + split
                rooms[waiting + 1, 2], rooms[waiting + 1, 3] = high, wide - split
            waiting += 2
