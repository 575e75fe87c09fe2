"""Covariates: properties of a maze that may explain how hard it is. They are stored with each record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .errors import MazeError
from .maze import DOWN, RIGHT, Maze, Walls, follow
from .solve import distances, shortest_path


@dataclass(frozen=True)
class Covariates:
    """Properties of a maze. A dead end is a cell with one open side, a junction one with three or four.

    The first four are None where no path leads from start to goal.
    """

    shortest: int | None
    """The number of moves of a shortest path."""
    turns: int | None
    """Changes of direction on the shortest path; of several paths, the first in the order U D L R."""
    junctions: int | None
    """Junctions on that path, without its two ends."""
    detour: float | None
    """The length of the shortest path divided by the Manhattan distance from start to goal."""
    dead_ends: int
    """Dead ends in the whole maze."""
    loops: int
    """Independent loops: passages - cells + regions; 0 in a tree."""
    regions: int
    """Connected parts of the maze; 1 where every cell can be reached."""
    branching: float
    """The mean number of ways to continue (open sides - 1), over cells with two or more open sides; 1 in corridors."""


def covariates(maze: Maze) -> Covariates:
    """Compute the covariates of a maze."""
    degree = 4 - np.bitwise_count(maze.walls)
    passages = int((maze.walls[:, :-1] & RIGHT == 0).sum() + (maze.walls[:-1] & DOWN == 0).sum())
    through = degree[degree >= 2]
    regions = count_regions(maze.walls)
    without_path = Covariates(
        shortest=None,
        turns=None,
        junctions=None,
        detour=None,
        dead_ends=int((degree == 1).sum()),
        loops=passages - maze.walls.size + regions,
        regions=regions,
        branching=round(float(through.mean()) - 1, 4) if through.size else 0.0,
    )
    try:
        path = shortest_path(maze)
    except MazeError:
        return without_path
    (row, col), (goal_row, goal_col) = maze.start, maze.goal
    return replace(
        without_path,
        shortest=len(path),
        turns=sum(a != b for a, b in pairwise(path)),
        junctions=sum(int(degree[cell]) > 2 for cell in follow(maze.start, path)[1:-1]),
        detour=round(len(path) / (abs(row - goal_row) + abs(col - goal_col)), 4),
    )


def count_regions(walls: Walls) -> int:
    """Return the number of connected parts of a layout."""
    seen, regions = np.zeros(walls.shape, np.bool_), 0
    while not seen.all():
        row, col = divmod(int(np.argmin(seen)), walls.shape[1])
        seen |= distances(walls, (row, col)) >= 0
        regions += 1
    return regions
