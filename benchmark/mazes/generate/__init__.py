"""Generates mazes from seeds. Each generator has its own file and carves N mazes at once, one for each 64-bit seed.

`batch` makes the walls of N mazes, `generate` one maze with start and goal. A seed gives the same maze on every machine
and with every version of every library, because `splitmix` implements the random numbers.
A new generator is one file with a function `carve`, and one line in `GENERATORS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..endpoints import POLICIES, pick_endpoints
from ..errors import MazeError
from ..maze import Maze, Walls
from . import braided, dfs, division, kruskal, percolation, prim, wilson

LARGEST = 200


@dataclass(frozen=True)
class Generator:
    """An algorithm that makes layouts. `carve(walls, seeds, share)` fills `walls` of shape (N, rows, cols)."""

    carve: Callable[[Walls, NDArray[np.uint64], float], None]
    share: float | None = None
    """The default of the generator's parameter, a share from 0 to 1; None where it has none."""


class Source(NamedTuple):
    """A stream of mazes of one size from one generator."""

    name: str
    """The name from which the seeds are made."""
    generator: str
    rows: int
    cols: int


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
    """Generate the walls of one maze for each of N seeds.

    `share`, from 0 to 1, is the share of inner walls that are open (percolation) or of dead ends that are opened
    (braided). Returns uint8 bit masks of shape (N, rows, cols).

    Raises MazeError for an unknown generator, a size outside 2..200, a seed outside 64 bits, or an invalid share.
    """
    if generator not in GENERATORS:
        raise MazeError(f"unknown generator {generator!r}: choose one of {', '.join(GENERATORS)}")
    if not (2 <= rows <= LARGEST and 2 <= cols <= LARGEST):
        raise MazeError(f"a maze must have 2 to {LARGEST} rows and columns, not {rows}x{cols}")
    settings = GENERATORS[generator]
    if share is None:
        share = settings.share or 0.0
    elif settings.share is None:
        takers = ", ".join(name for name, value in GENERATORS.items() if value.share is not None)
        raise MazeError(f"the generator {generator} takes no share; {takers} do")
    elif not 0 <= share <= 1:
        raise MazeError(f"a share must be from 0 to 1, not {share}")
    try:
        numbers = np.asarray(seeds, np.uint64)
    except (OverflowError, TypeError, ValueError) as error:
        raise MazeError(f"a seed must be an integer from 0 to 2**64 - 1: {error}") from None
    walls = np.empty((len(numbers), rows, cols), np.uint8)
    settings.carve(walls, numbers, share)
    return walls


def generate(
    generator: str,
    rows: int,
    cols: int,
    seed: int,
    *,
    at_least: int = 1,
    endpoints: str = "random",
    share: float | None = None,
) -> Maze:
    """Generate one maze with start and goal.

    Args:
        generator: One of `GENERATORS`.
        rows: From 2 to 200.
        cols: From 2 to 200.
        seed: An integer from 0 to 2**64 - 1.
        at_least: The smallest distance from start to goal, in moves.
        endpoints: One of `benchmark.mazes.endpoints.POLICIES`.
        share: See `batch`.

    Raises MazeError as `batch` does, for an unknown policy, or where the maze has no such pair of endpoints.
    """
    walls = batch(generator, rows, cols, [seed], share)
    start, goal = pick_endpoints(walls, [seed], endpoints, at_least)[0]
    if start[0] < 0:
        distance = f" and {at_least} or more moves apart" if endpoints != "apart" else ""
        raise MazeError(
            f"this {rows}x{cols} {generator} maze has no start and goal that are {POLICIES[endpoints]}{distance}: "
            "allow a smaller distance, or use another seed"
        )
    return Maze(walls[0], start, goal, check=False)
