"""Unsolvable mazes, each with a solvable twin that looks the same.

One wall more in a maze that is a tree cuts it into two regions. Where the wall stands on the path, no way leads from S
to G; where it stands elsewhere, the path is still there. The two walls are chosen so that the twins share start, goal,
number of walls, regions and isolated cells, and match in the sizes of the regions and in dead ends: what tells them
apart is whether a way leads to G, and nothing that could be seen at a glance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .maze import MOVES, OPPOSITE, Cell, Maze, step
from .seeds import seeds
from .solve import distances
from .split import reserved


def twins(tree: Maze, name: str, keep_reserved: bool) -> tuple[Maze, Maze] | None:
    """The unsolvable twin and the solvable one, made from a maze that is a tree; `name` decides between equals.

    Both layouts are reserved for suites, or both are not, as asked (see `split`). None where no two walls match so
    well that the regions differ by one cell at most.
    """
    edges, sizes, on_path = _edges(tree)
    order = np.argsort(seeds(name, len(edges)), kind="stable")
    edges, sizes, on_path = [edges[at] for at in order], sizes[order], on_path[order]
    cut = np.repeat(tree.walls[None], len(edges), axis=0)
    for walls, (cell, side, beside, opposite) in zip(cut, edges, strict=True):
        walls[cell] |= side
        walls[beside] |= opposite
    degrees = 4 - np.bitwise_count(cut).reshape(len(edges), -1)
    isolated, dead_ends = (degrees == 0).sum(1), (degrees == 1).sum(1)
    smaller = np.minimum(sizes, tree.walls.size - sizes)

    wanted = reserved(cut) == keep_reserved
    closing, other = np.flatnonzero(on_path & wanted), np.flatnonzero(~on_path & wanted)

    def differ(figure: NDArray[np.int64]) -> NDArray[np.int64]:
        apart: NDArray[np.int64] = np.abs(figure[closing][:, None] - figure[other][None, :])
        return apart

    fits = (differ(isolated) == 0) & (differ(dead_ends) <= 1) & (differ(smaller) <= 1)
    if not fits.any():
        return None
    # the larger the regions, the less does a look at the surroundings of S and G tell
    room = np.where(fits, np.minimum(smaller[closing][:, None], smaller[other][None, :]), -1)
    a, b = np.unravel_index(int(room.argmax()), room.shape)
    closed, opened = cut[closing[a]].copy(), cut[other[b]].copy()
    return Maze(closed, tree.start, tree.goal), Maze(opened, tree.start, tree.goal)


def _edges(tree: Maze) -> tuple[list[tuple[Cell, int, Cell, int]], NDArray[np.int64], NDArray[np.bool_]]:
    """The open walls as (cell, side, neighbour, its side), the cells behind each as seen from S, whether G is there."""
    away = distances(tree.walls, tree.start)
    sizes = np.ones(tree.walls.shape, np.int64)
    holds_goal = np.zeros(tree.walls.shape, np.bool_)
    holds_goal[tree.goal] = True
    edges, behind = [], []
    for place in np.argsort(-away, axis=None, kind="stable").tolist():  # the farthest first, so that sizes add up
        row, col = divmod(place, tree.cols)
        for move in tree.open_moves((row, col)):
            beside = step((row, col), move)
            if away[beside] < away[row, col]:
                edges.append(((row, col), MOVES[move][0], beside, MOVES[OPPOSITE[move]][0]))
                behind.append((row, col))
                sizes[beside] += sizes[row, col]
                holds_goal[beside] |= holds_goal[row, col]
    return (
        edges,
        np.array([sizes[cell] for cell in behind]),
        np.array([holds_goal[cell] for cell in behind]),
    )
