"""What makes a maze hard, beside its size: the covariates that are stored with each case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .errors import MazeError
from .maze import DOWN, RIGHT, Maze, Walls, follow
from .solve import distances, shortest_path


@dataclass(frozen=True)
class Covariates:
    """Counted on the cells, of which a dead end has one open side and a junction three or four.

    The first four are None where no way leads from start to goal.
    """

    shortest: int | None
    """Moves of a shortest path."""
    turns: int | None
    """Changes of direction on the shortest path (the first in the order U D L R, where there are several)."""
    junctions: int | None
    """Junctions on that path, its two ends left out."""
    detour: float | None
    """The shortest path's length over the distance without walls, |rows| + |columns|."""
    dead_ends: int
    """Dead ends in the whole maze."""
    loops: int
    """Independent loops: open walls - cells + regions; 0 in a tree."""
    regions: int
    """Parts of the maze with no way between them."""
    branching: float
    """Ways on (open sides less the one come by), averaged over cells with two open sides or more; 1 in corridors."""


def covariates(maze: Maze) -> Covariates:
    """The covariates of a maze."""
    degree = 4 - np.bitwise_count(maze.walls)
    passages = int((maze.walls[:, :-1] & RIGHT == 0).sum() + (maze.walls[:-1] & DOWN == 0).sum())
    through = degree[degree >= 2]
    regions = count_regions(maze.walls)
    whole = Covariates(
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
        return whole
    (row, col), (goal_row, goal_col) = maze.start, maze.goal
    return replace(
        whole,
        shortest=len(path),
        turns=sum(a != b for a, b in pairwise(path)),
        junctions=sum(int(degree[cell]) > 2 for cell in follow(maze.start, path)[1:-1]),
        detour=round(len(path) / (abs(row - goal_row) + abs(col - goal_col)), 4),
    )


def count_regions(walls: Walls) -> int:
    """How many parts of a layout have no way between them."""
    seen, regions = np.zeros(walls.shape, np.bool_), 0
    while not seen.all():
        row, col = divmod(int(np.argmin(seen)), walls.shape[1])
        seen |= distances(walls, (row, col)) >= 0
        regions += 1
    return regions
