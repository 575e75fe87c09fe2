"""Distances and shortest paths, by breadth-first search over the cells."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .errors import MazeError
from .maze import MOVES, Cell, Maze, Walls


@njit(cache=True)
def flood(walls: Walls, row: int, col: int) -> NDArray[np.int32]:
    """The number of moves from (row, col) to each cell, int32 of shape (rows, cols); -1 where no way leads."""
    rows, cols = walls.shape
    distance = np.full((rows, cols), -1, np.int32)
    queue = np.empty(rows * cols, np.int32)
    queue[0] = row * cols + col
    distance[row, col] = 0
    head, tail = 0, 1
    while head < tail:
        r, c = queue[head] // cols, queue[head] % cols
        head += 1
        for side in range(4):
            if walls[r, c] & (1 << side):
                continue
            nr = r + (-1, 1, 0, 0)[side]
            nc = c + (0, 0, -1, 1)[side]
            if distance[nr, nc] < 0:
                distance[nr, nc] = distance[r, c] + 1
                queue[tail] = nr * cols + nc
                tail += 1
    return distance


def distances(walls: Walls, cell: Cell) -> NDArray[np.int32]:
    """The number of moves from `cell` to each cell, shape (rows, cols); -1 where no way leads."""
    distance: NDArray[np.int32] = flood(walls, cell[0], cell[1])
    return distance


def shortest_path(maze: Maze) -> str:
    """The moves of a shortest path from start to goal; among several, the first in the order U D L R.

    Raises MazeError where no way leads from start to goal.
    """
    return path(maze.walls, maze.start, maze.goal)


def path(walls: Walls, start: Cell, goal: Cell) -> str:
    """The moves of a shortest path between two cells (see `shortest_path`)."""
    left = distances(walls, goal)
    if left[start] < 0:
        raise MazeError(f"no way leads from {start} to {goal}")
    (row, col), moves = start, ""
    while (row, col) != goal:
        for move, (side, (down, right)) in MOVES.items():
            if not walls[row, col] & side and left[row + down, col + right] == left[row, col] - 1:
                row, col, moves = row + down, col + right, moves + move
                break
    return moves
