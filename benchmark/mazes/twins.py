"""Unsolvable mazes, each with a solvable twin that looks similar.

One more wall in a maze that is a tree cuts it into two regions. If the wall is on the path from S to G, the maze is
unsolvable; if it is elsewhere, the path stays open. The two walls are chosen so that the twins have the same start,
goal, and numbers of walls, regions and isolated cells, and differ by at most one in the size of the regions and in the
number of dead ends. A model cannot tell the twins apart by such counts: it has to find out whether a path leads to G.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .maze import MOVES, OPPOSITE, Cell, Maze, step
from .seeds import seeds
from .solve import distances
from .split import reserved


def twins(tree: Maze, name: str, keep_reserved: bool) -> tuple[Maze, Maze] | None:
    """Make an unsolvable and a solvable twin from a maze that is a tree.

    `name` is the seed of a random order that decides between equally good walls. With `keep_reserved` both layouts are
    reserved for suites, without it neither is (see `split`).

    Returns (unsolvable, solvable), or None where no two walls match as the module describes.
    """
    edges, sizes, on_path = _edges(tree)
    order = np.argsort(seeds(name, len(edges)), kind="stable")
    edges, sizes, on_path = [edges[index] for index in order], sizes[order], on_path[order]
    # one layout for each edge of the tree, with a wall across that edge: (edges, rows, cols)
    cut = np.repeat(tree.walls[None], len(edges), axis=0)
    for walls, (cell, side, neighbour, opposite) in zip(cut, edges, strict=True):
        walls[cell] |= side
        walls[neighbour] |= opposite
    degrees = 4 - np.bitwise_count(cut).reshape(len(edges), -1)
    isolated, dead_ends = (degrees == 0).sum(1), (degrees == 1).sum(1)
    smaller = np.minimum(sizes, tree.walls.size - sizes)

    wanted = reserved(cut) == keep_reserved
    closing, harmless = np.flatnonzero(on_path & wanted), np.flatnonzero(~on_path & wanted)

    def differ(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the differences in a count between all closing and all harmless walls: (closing, harmless)."""
        differences: NDArray[np.int64] = np.abs(counts[closing][:, None] - counts[harmless][None, :])
        return differences

    fits = (differ(isolated) == 0) & (differ(dead_ends) <= 1) & (differ(smaller) <= 1)
    if not fits.any():
        return None
    # of all pairs that fit, the one with the largest regions: a small region around S or G would give the answer away
    region = np.where(fits, np.minimum(smaller[closing][:, None], smaller[harmless][None, :]), -1)
    a, b = np.unravel_index(int(region.argmax()), region.shape)
    closed, opened = cut[closing[a]].copy(), cut[harmless[b]].copy()
    return Maze(closed, tree.start, tree.goal), Maze(opened, tree.start, tree.goal)


def _edges(tree: Maze) -> tuple[list[tuple[Cell, int, Cell, int]], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the edges of the tree, and for each the number of cells beyond it as seen from S, and whether G is there.

    An edge is (cell, side, neighbour, side of the neighbour), where the neighbour is closer to S. The arrays have the
    shape (edges,).
    """
    from_start = distances(tree.walls, tree.start)
    sizes = np.ones(tree.walls.shape, np.int64)
    holds_goal = np.zeros(tree.walls.shape, np.bool_)
    holds_goal[tree.goal] = True
    edges, beyond = [], []
    # from the farthest cell to S: the subtree of a cell is complete before it is added to that of its neighbour
    for index in np.argsort(-from_start, axis=None, kind="stable").tolist():
        row, col = divmod(index, tree.cols)
        for move in tree.open_moves((row, col)):
            neighbour = step((row, col), move)
            if from_start[neighbour] < from_start[row, col]:
                edges.append(((row, col), MOVES[move][0], neighbour, MOVES[OPPOSITE[move]][0]))
                beyond.append((row, col))
                sizes[neighbour] += sizes[row, col]
                holds_goal[neighbour] |= holds_goal[row, col]
    return (
        edges,
        np.array([sizes[cell] for cell in beyond]),
        np.array([holds_goal[cell] for cell in beyond]),
    )
