"""A breadth-first search as text: what the base reads about mazes, and what a reply writes before it answers.

    around (1,1): (1,1) DL (0,1)+ (1,1) (1,2)+ (0,1); (1,1) (0,1) UR (1,1) (0,0)+ (1,2); (0,1) (1,2) D (1,1) ...

Each cell that the search reaches has a group, in that order: the cell of the group before, its own name, the sides on
which it has walls, and its neighbours, the one that it was reached from first. A neighbour that is new is followed by
`+` and the cell that was reached just before it, so that the next group is found by looking for a name behind a `+`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from benchmark.mazes.maze import MOVE_OF_STEP, MOVES, Cell, Maze, Walls, open_moves, step

ReachedFrom = dict[Cell, Cell | None]
"""The cells that a search reaches, in order, and the cell that each was reached from; None for the first."""


def search(walls: Walls, centre: Cell) -> ReachedFrom:
    """Search breadth first from `centre`, see `benchmark.mazes.solve.search`."""
    from benchmark.mazes import solve  # Numba takes half a second to import, and collection does without

    return solve.search(walls, centre)


def path_back(reached_from: ReachedFrom, start: Cell) -> list[Cell]:
    """The cells from `start` back to where the search began: a shortest path."""
    path = [start]
    while (before := reached_from[path[-1]]) is not None:
        path.append(before)
    return path


def shortest_moves(maze: Maze) -> str:
    """The moves of the shortest path that the search from G finds: the one that a written search gives.

    In a maze with loops any other shortest path would contradict the search that it is written behind.
    """
    path = path_back(search(maze.walls, maze.goal), maze.start)
    return "".join(MOVE_OF_STEP[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(path))


def write_search(walls: Walls, reached_from: ReachedFrom) -> str:
    """The groups of a search, see the module."""
    previous = {cell: before for before, cell in pairwise(reached_from)}  # the one that was reached just before
    groups = []
    for cell, origin in reached_from.items():
        neighbours = [step(cell, move) for move in open_moves(walls, cell)]
        neighbours.sort(key=lambda neighbour: neighbour != origin)
        listed = "".join(
            f" {write_cell(neighbour)}"
            + (f"+ {write_cell(previous[neighbour])}" if reached_from[neighbour] == cell else "")
            for neighbour in neighbours
        )
        link = f" {write_cell(previous[cell])}" if cell in previous else ""
        groups.append(f"{link} {write_cell(cell)} {wall_letters(walls, cell)}{listed};")
    return "".join(groups)


def write_ends(maze: Maze) -> str:
    """The statements that say where the letters of the drawing stand."""
    return f"S {write_cell(maze.start)}\nG {write_cell(maze.goal)}\n"


def wall_letters(walls: Walls, cell: Cell) -> str:
    """The sides of a cell on which a wall stands, as the letters U, D, L, R; `-` for none."""
    return "".join(move for move, (side, _) in MOVES.items() if walls[cell] & side) or "-"


def write_cells(cells: Iterable[Cell]) -> str:
    return "".join(f" {write_cell(cell)}" for cell in cells)


def write_cell(cell: Cell) -> str:
    return f"({cell[0]},{cell[1]})"
