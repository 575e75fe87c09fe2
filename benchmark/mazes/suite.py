"""The suite: five tiers of mazes, each a fixed list of cases.

A case is named by tier, generator and index; the seed of its maze is a sha256 of these and of the suite's own
name, so the list is the same for ever and everywhere. Anything that would change a maze makes a new suite with a
new name. Nothing is generated until a case is asked for its maze.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .maze import Maze

SUITE = "labirinto-1"
TIERS = {"tiny": 4, "small": 5, "medium": 8, "large": 12, "huge": 20}  # tier -> rows, and as many columns
GENERATORS = ("dfs", "wilson")
CASES_PER_GENERATOR = 100
DIGEST = "2d19c5a10f0fcad51ec3509e8dd7edafbef6119708a3b9e4523851eb362c68bf"  # of all of it, see digest()


@dataclass(frozen=True)
class Case:
    """One maze of the suite."""

    tier: str
    generator: str
    index: int

    @property
    def id(self) -> str:
        """Unique within its tier, such as `wilson-0042`."""
        return f"{self.generator}-{self.index:04d}"

    @classmethod
    def of(cls, tier: str, name: str) -> Case:
        """The case that has this id (`name`) in this tier."""
        generator, index = name.rsplit("-", 1)
        return cls(tier, generator, int(index))

    @property
    def seed(self) -> int:
        """64 bits of the sha256 of suite, tier, generator and index."""
        name = f"{SUITE}/{self.tier}/{self.generator}/{self.index}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")

    @cached_property
    def maze(self) -> Maze:
        """The maze; its goal is at least as many moves away as the maze is wide, so that no case is trivial."""
        from .generate import generate  # Numba takes half a second to import, and collection does without

        size = TIERS[self.tier]
        return generate(self.generator, size, size, self.seed, at_least=size)


def cases(tier: str) -> list[Case]:
    """The cases of a tier, generators in turn, so that the first N are balanced."""
    return [Case(tier, generator, index) for index in range(CASES_PER_GENERATOR) for generator in GENERATORS]


def all_cases() -> Iterator[Case]:
    """The cases of all tiers, in order of size."""
    for tier in TIERS:
        yield from cases(tier)


def digest() -> str:
    """The sha256 over the ids and mazes of all cases: what a saved run says it was measured on."""
    total = hashlib.sha256(SUITE.encode())
    for case in all_cases():
        total.update(f"{case.tier}/{case.id} {case.maze.digest()}\n".encode())
    return total.hexdigest()


@cache
def layouts(rows: int, cols: int) -> frozenset[bytes]:
    """The canonical layouts of all cases of this shape (either way round): what training mazes must keep clear of."""
    from .symmetry import canonical

    shapes = {(size, size): tier for tier, size in TIERS.items()}
    tier = shapes.get((rows, cols))
    return frozenset(canonical(case.maze.walls) for case in cases(tier)) if tier else frozenset()
