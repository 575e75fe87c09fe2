"""A breadth-first search as text. The base is pretrained on it, and replies of the nano family contain it.

    around (1,1): (1,1) DL (0,1)+ (1,1) (1,2)+ (0,1); (1,1) (0,1) UR (1,1) (0,0)+ (1,2); (0,1) (1,2) D (1,1) ...

Each cell that the search reaches has a group, in the order of the search. A group consists of the cell of the group
before, the cell itself, the sides on which it has walls, and its neighbours; the first of them is the cell that it was
reached from. A new neighbour is followed by `+` and the cell that was reached just before it. So the cell of the next
group is found by one look: it precedes the `+` before the name of the current cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from benchmark.mazes.maze import MOVE_OF_STEP, MOVES, Cell, Maze, Walls, open_moves, step

ReachedFrom = dict[Cell, Cell | None]
"""The cells that a search reaches, in order, and the cell that each was reached from; None for the first."""


def search(walls: Walls, centre: Cell) -> ReachedFrom:
    """Search breadth first from `centre`, see `benchmark.mazes.solve.search`."""
    from benchmark.mazes import solve  # it imports Numba, which takes half a second; collection does not need it

    return solve.search(walls, centre)


def path_back(reached_from: ReachedFrom, start: Cell) -> list[Cell]:
    """The cells from `start` to the centre of the search, both included: a shortest path. KeyError if not reached."""
    path = [start]
    while (previous := reached_from[path[-1]]) is not None:
        path.append(previous)
    return path


def shortest_moves(maze: Maze) -> str:
    """The moves (letters U, D, L, R) of the shortest path from S that the search from G finds.

    A maze with loops may have other shortest paths. They would contradict the search that the reply contains.
    """
    path = path_back(search(maze.walls, maze.goal), maze.start)
    return "".join(MOVE_OF_STEP[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(path))


def write_search(walls: Walls, reached_from: ReachedFrom) -> str:
    """The groups of a search as text, see the module."""
    previous = {cell: before for before, cell in pairwise(reached_from)}  # the cell that was reached just before
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
    """The statements about the cells of the letters S and G, one a line."""
    return f"S {write_cell(maze.start)}\nG {write_cell(maze.goal)}\n"


def wall_letters(walls: Walls, cell: Cell) -> str:
    """The sides of a cell that have a wall, as the letters U, D, L, R in this order; `-` for none."""
    return "".join(move for move, (side, _) in MOVES.items() if walls[cell] & side) or "-"


def write_cells(cells: Iterable[Cell]) -> str:
    return "".join(f" {write_cell(cell)}" for cell in cells)


def write_cell(cell: Cell) -> str:
    return f"({cell[0]},{cell[1]})"
