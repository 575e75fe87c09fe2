"""Mazes from seeds. One file a generator; each carves N mazes at once, each from its own 64-bit seed.

`batch` makes the walls of N mazes, `generate` one whole maze. The same seed gives the same maze on every machine and
with every version of every library; the random numbers are written out in `splitmix`.
A new generator is one file with a function `carve`, and one line in `GENERATORS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..endpoints import POLICIES, pick_endpoints
from ..errors import MazeError
from ..maze import Maze, Walls
from . import braided, dfs, division, kruskal, percolation, prim, wilson

LARGEST = 200


@dataclass(frozen=True)
class Generator:
    """`carve(walls, seeds, share)` fills walls of shape (N, rows, cols)."""

    carve: Callable[[Walls, NDArray[np.uint64], float], None]
    share: float | None = None
    """The default of the generator's parameter, a share from 0 to 1; None where it has none."""


GENERATORS = {
    "dfs": Generator(dfs.carve),
    "prim": Generator(prim.carve),
    "kruskal": Generator(kruskal.carve),
    "wilson": Generator(wilson.carve),
    "division": Generator(division.carve),
    "percolation": Generator(percolation.carve, share=0.6),
    "braided": Generator(braided.carve, share=0.5),
}


def batch(
    generator: str, rows: int, cols: int, seeds: Sequence[int] | NDArray[np.uint64], share: float | None = None
) -> Walls:
    """The walls of one maze per seed: uint8 bit masks of shape (N, rows, cols).

    `share` is how many inner walls are open (percolation) or how many dead ends are opened (braided).

    Raises MazeError for an unknown generator, a size outside 2..200, a seed outside 64 bits, or a share that is none.
    """
    if generator not in GENERATORS:
        raise MazeError(f"unknown generator {generator!r}: choose one of {', '.join(GENERATORS)}")
    if not (2 <= rows <= LARGEST and 2 <= cols <= LARGEST):
        raise MazeError(f"a maze has 2 to {LARGEST} rows and columns, not {rows}x{cols}")
    known = GENERATORS[generator]
    if share is None:
        share = known.share or 0.0
    elif known.share is None:
        takers = ", ".join(name for name, other in GENERATORS.items() if other.share is not None)
        raise MazeError(f"{generator} takes no share; {takers} do")
    elif not 0 <= share <= 1:
        raise MazeError(f"a share lies between 0 and 1, not at {share}")
    try:
        numbers = np.asarray(seeds, np.uint64)
    except (OverflowError, TypeError, ValueError) as error:
        raise MazeError(f"seeds are whole numbers from 0 to 2**64 - 1: {error}") from None
    walls = np.empty((len(numbers), rows, cols), np.uint8)
    known.carve(walls, numbers, share)
    return walls


def generate(
    generator: str,
    rows: int,
    cols: int,
    seed: int,
    at_least: int = 1,
    endpoints: str = "random",
    share: float | None = None,
) -> Maze:
    """One maze with start and goal; `seed` is any whole number below 2**64.

    `endpoints` is one of `benchmark.mazes.endpoints.POLICIES`, and `at_least` the shortest distance from start to goal,
    in moves.

    Raises MazeError as `batch` does, for an unknown policy, or where the maze has no such pair of endpoints.
    """
    walls = batch(generator, rows, cols, [seed], share)
    start, goal = pick_endpoints(walls, [seed], endpoints, at_least)[0]
    if start[0] < 0:
        away = f" and {at_least} or more moves apart" if endpoints != "apart" else ""
        raise MazeError(
            f"this {rows}x{cols} {generator} maze has no endpoints that are {POLICIES[endpoints]}{away}: ask for less, "
            "or take another seed"
        )
    return Maze(walls[0], start, goal, check=False)
