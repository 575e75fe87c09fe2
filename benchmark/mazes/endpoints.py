"""Chooses start and goal of a maze by a policy, with a minimum distance between them in moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .errors import MazeError
from .maze import DEAD_ENDS, Cell, Walls
from .solve import flood
from .splitmix import GOLDEN, below

POLICIES = {
    "random": "anywhere",
    "corners": "in two corners",
    "dead-ends": "in two dead ends",
    "apart": "in two regions with no path between them",
}
"""Where start and goal are placed, by the name of the policy."""
_APART = list(POLICIES).index("apart")
_SALT = np.uint64(
    0x6A09E667F3BCC909
)  # makes the random numbers independent of those of the walls, which have the same seed


@njit(cache=True)
def _candidates(walls: Walls, policy: int) -> NDArray[np.int32]:
    rows, cols = walls.shape
    # row * columns + column of each cell that the policy allows
    cells, count = np.empty(rows * cols, np.int32), 0
    for row in range(rows):
        for col in range(cols):
            mask = walls[row, col]
            corner = row in (0, rows - 1) and col in (0, cols - 1)
            dead_end = mask in DEAD_ENDS
            if policy in (0, 3) or (policy == 1 and corner) or (policy == 2 and dead_end):
                cells[count] = row * cols + col
                count += 1
    return cells[:count]


@njit(cache=True)
def _pick(walls: Walls, seeds: NDArray[np.uint64], policy: int, at_least: int) -> NDArray[np.int32]:
    n, _, cols = walls.shape
    ends = np.full((n, 4), -1, np.int32)
    for i in range(n):
        state = seeds[i] ^ _SALT
        starts = _candidates(walls[i], policy)
        goals = starts.copy()
        left = starts.size
        # Starts in random order, until one has a goal; each of its goals has the same probability. A start without a
        # goal is replaced by the last candidate, as in a Fisher-Yates shuffle.
        while left:
            state += GOLDEN
            drawn = below(state, left)
            start = starts[drawn]
            left -= 1
            starts[drawn] = starts[left]
            distance = flood(walls[i], start // cols, start % cols)
            count = 0
            for cell in goals:
                away = distance[cell // cols, cell % cols]
                if (away < 0) if policy == _APART else (away >= at_least):
                    count += 1
            if count:
                state += GOLDEN
                drawn = below(state, count)
                for cell in goals:
                    away = distance[cell // cols, cell % cols]
                    if (away < 0) if policy == _APART else (away >= at_least):
                        if drawn == 0:
                            ends[i, 0], ends[i, 1] = start // cols, start % cols
                            ends[i, 2], ends[i, 3] = cell // cols, cell % cols
                        drawn -= 1
                break
    return ends


def pick_endpoints(
    walls: Walls, seeds: Sequence[int] | NDArray[np.uint64], policy: str = "random", at_least: int = 1
) -> list[tuple[Cell, Cell]]:
    """Choose a start and a goal for each of N layouts.

    Args:
        walls: uint8 bit masks of shape (N, rows, cols).
        seeds: One 64-bit seed for each layout.
        policy: One of `POLICIES`.
        at_least: The smallest distance from start to goal, in moves; `apart` ignores it.

    Returns:
        N pairs of cells (row, column); ((-1, -1), (-1, -1)) for a layout without such a pair.

    Raises MazeError for an unknown policy.
    """
    if policy not in POLICIES:
        raise MazeError(f"unknown endpoints {policy!r}: choose one of {', '.join(POLICIES)}")
    ends = _pick(walls, np.asarray(seeds, np.uint64), list(POLICIES).index(policy), max(at_least, 1))
    return [((row, col), (goal_row, goal_col)) for row, col, goal_row, goal_col in ends.tolist()]
