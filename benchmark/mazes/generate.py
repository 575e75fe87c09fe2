"""Mazes from seeds: recursive backtracking (dfs) and Wilson's algorithm.

The random numbers are SplitMix64 (Steele, Lea and Flood 2014), a counter passed through a mixing function, written
out here so that a seed gives the same maze on every machine and with every version of every library.

dfs walks on at random from the newest cell and backtracks where it is stuck: long corridors, few junctions.
wilson draws a uniformly random spanning tree by loop-erased random walks (Wilson 1996): short dead ends, no bias.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .errors import MazeError
from .maze import Maze, Walls
from .solve import flood

LARGEST = 200
State = NDArray[np.uint64]  # shape (1,): the counter of the random numbers


@njit(cache=True)
def _below(state: State, n: int) -> int:
    """The next random number in [0, n); `state` is the uint64 counter, advanced in place."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    # the high half times n, high half again: the bias is below n / 2**32
    return int(((z >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit(cache=True)
def _beside(r: int, c: int, side: int) -> tuple[int, int]:
    return r + (-1, 1, 0, 0)[side], c + (0, 0, -1, 1)[side]


@njit(cache=True)
def _open(walls: Walls, r: int, c: int, side: int) -> None:
    """Take away the wall on one side (0..3 for U D L R) of a cell, in both cells' masks."""
    nr, nc = _beside(r, c, side)
    walls[r, c] &= ~np.uint8(1 << side)
    walls[nr, nc] &= ~np.uint8(1 << (side ^ 1))


@njit(cache=True)
def _dfs(walls: Walls, state: State) -> None:
    rows, cols = walls.shape
    seen = np.zeros((rows, cols), np.bool_)
    stack = np.empty(rows * cols, np.int32)
    sides = np.empty(4, np.int64)
    stack[0] = _below(state, rows * cols)
    seen[stack[0] // cols, stack[0] % cols] = True
    depth = 1
    while depth:
        r, c = stack[depth - 1] // cols, stack[depth - 1] % cols
        found = 0
        for side in range(4):
            nr, nc = _beside(r, c, side)
            if 0 <= nr < rows and 0 <= nc < cols and not seen[nr, nc]:
                sides[found] = side
                found += 1
        if found == 0:
            depth -= 1
            continue
        side = sides[_below(state, found)]
        _open(walls, r, c, side)
        nr, nc = _beside(r, c, side)
        seen[nr, nc] = True
        stack[depth] = nr * cols + nc
        depth += 1


@njit(cache=True)
def _wilson(walls: Walls, state: State) -> None:
    rows, cols = walls.shape
    done = np.zeros((rows, cols), np.bool_)
    leaves_by = np.empty((rows, cols), np.int64)
    root = _below(state, rows * cols)
    done[root // cols, root % cols] = True
    for cell in range(rows * cols):
        # a random walk until it meets the tree; the last side by which it left each cell is its loop-erased path
        r, c = cell // cols, cell % cols
        while not done[r, c]:
            side = _below(state, 4)
            nr, nc = _beside(r, c, side)
            if 0 <= nr < rows and 0 <= nc < cols:
                leaves_by[r, c] = side
                r, c = nr, nc
        r, c = cell // cols, cell % cols
        while not done[r, c]:
            done[r, c] = True
            side = leaves_by[r, c]
            _open(walls, r, c, side)
            r, c = _beside(r, c, side)


@njit(cache=True)
def _endpoints(walls: Walls, state: State, at_least: int) -> tuple[int, int]:
    """A random start and, uniform among the cells at least that many moves away, a goal; (-1, -1) if none was found."""
    rows, cols = walls.shape
    for _ in range(64 * rows * cols):
        start = _below(state, rows * cols)
        distance = flood(walls, start // cols, start % cols).ravel()
        far = np.flatnonzero(distance >= at_least)
        if far.size:
            return start, far[_below(state, far.size)]
    return -1, -1


_CARVERS = {"dfs": _dfs, "wilson": _wilson}
GENERATORS = tuple(_CARVERS)


def generate(generator: str, rows: int, cols: int, seed: int, at_least: int = 1) -> Maze:
    """One maze; `seed` is any integer below 2**64 and `at_least` the shortest distance from start to goal, in moves.

    Raises MazeError for an unknown generator, a size outside 2..200, or a distance that no two cells have.
    """
    walls, state = _carve(generator, rows, cols, seed)
    start, goal = _endpoints(walls, state, max(at_least, 1))
    if start < 0:
        raise MazeError(f"no two cells of this {rows}x{cols} {generator} maze are {at_least} moves apart; ask for less")
    return Maze(walls, divmod(int(start), cols), divmod(int(goal), cols))


def layout(generator: str, rows: int, cols: int, seed: int) -> Walls:
    """The walls alone of the maze that `generate` makes from the same arguments: shape (rows, cols)."""
    return _carve(generator, rows, cols, seed)[0]


def _carve(generator: str, rows: int, cols: int, seed: int) -> tuple[Walls, State]:
    if generator not in _CARVERS:
        raise MazeError(f"unknown generator {generator!r}: choose one of {', '.join(GENERATORS)}")
    if not (2 <= rows <= LARGEST and 2 <= cols <= LARGEST):
        raise MazeError(f"a maze has 2 to {LARGEST} rows and columns, not {rows}x{cols}")
    walls = np.full((rows, cols), 15, np.uint8)
    state = np.array([seed], np.uint64)
    _CARVERS[generator](walls, state)
    return walls, state
