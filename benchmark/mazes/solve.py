"""Distances and shortest paths by breadth-first search, which tries the sides in the order U D L R.

Where there are several shortest paths, two functions may choose different ones. `path` makes, from the start on, the
first move in the order U D L R that leads closer to the goal. `search` returns the cell from which each cell was
reached first; followed back from the goal, these cells are a shortest path too.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .errors import MazeError
from .maze import Cell, Maze, Walls


@njit(cache=True)
def flood(walls: Walls, row: int, col: int) -> NDArray[np.int32]:
    """Return the number of moves from (row, col) to each cell, int32 of shape (rows, cols); -1 without a path."""
    size = walls.size
    distance: NDArray[np.int32] = _search(walls, row, col, np.empty(size, np.int32), np.empty(size, np.int32))[0]
    return distance


@njit(cache=True)
def _search(
    walls: Walls, row: int, col: int, queue: NDArray[np.int32], reached_from: NDArray[np.int32]
) -> tuple[NDArray[np.int32], int]:
    """Return the distances, as `flood` does, and the number of cells that are reached.

    Fills two int32 arrays of shape (cells,): `queue` with the cells in the order in which they are reached, and
    `reached_from`, by cell, with the previous cell (-1 for the first one). A cell is row * columns + column.
    """
    rows, cols = walls.shape
    distance = np.full((rows, cols), -1, np.int32)
    queue[0] = row * cols + col
    reached_from[queue[0]] = -1
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
            if distance[nr, nc] < 0:  # not reached before, so that this is a shortest path to it
                distance[nr, nc] = distance[r, c] + 1
                queue[tail] = nr * cols + nc
                reached_from[queue[tail]] = r * cols + c
                tail += 1
    return distance, tail


def distances(walls: Walls, cell: Cell) -> NDArray[np.int32]:
    """Return the number of moves from `cell` to each cell, int32 of shape (rows, cols); -1 without a path."""
    distance: NDArray[np.int32] = flood(walls, cell[0], cell[1])
    return distance


def search(walls: Walls, start: Cell) -> dict[Cell, Cell | None]:
    """Return the previous cell of each cell that can be reached from `start`, in the order of the search.

    The previous cell of `start` is None.
    """
    queue, reached_from = np.empty(walls.size, np.int32), np.empty(walls.size, np.int32)
    _, count = _search(walls, start[0], start[1], queue, reached_from)
    cols = walls.shape[1]
    previous: dict[Cell, Cell | None] = {}
    for cell in queue[:count].tolist():
        origin = int(reached_from[cell])
        previous[divmod(cell, cols)] = divmod(origin, cols) if origin >= 0 else None
    return previous


def shortest_path(maze: Maze) -> str:
    """Return the moves of a shortest path from start to goal; of several paths, the first in the order U D L R.

    Raises MazeError where no path leads from start to goal.
    """
    return path(maze.walls, maze.start, maze.goal)


def path(walls: Walls, start: Cell, goal: Cell) -> str:
    """Return the moves of a shortest path between two cells (see `shortest_path`)."""
    moves = _path(walls, start[0], start[1], flood(walls, goal[0], goal[1]))
    if moves is None:
        raise MazeError(f"no path leads from {start} to {goal}")
    return str(moves.tobytes().decode())


@njit(cache=True)
def _path(walls: Walls, row: int, col: int, to_goal: NDArray[np.int32]) -> NDArray[np.uint8] | None:
    """Return the moves to the goal as ASCII codes, None without a path. `to_goal` has the distances to the goal."""
    if to_goal[row, col] < 0:
        return None
    moves = np.empty(to_goal[row, col], np.uint8)
    for number in range(moves.size):
        for side in range(4):
            if walls[row, col] & (1 << side):
                continue
            r = row + (-1, 1, 0, 0)[side]
            c = col + (0, 0, -1, 1)[side]
            if to_goal[r, c] == to_goal[row, col] - 1:  # the first such side, so that ties follow the order U D L R
                row, col, moves[number] = r, c, (85, 68, 76, 82)[side]  # U D L R
                break
    return moves
