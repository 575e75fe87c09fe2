"""The suite: groups of mazes, each a fixed list of cases.

- five **tiers** from 4x4 to 20x20, by four generators;
- **unsolvable** mazes, each with a solvable twin;
- **transfer** sets, in which one thing is changed: a generator that no checkpoint of ours learns from, a size
  between the tiers, a rotated or mirrored twin of a tier's maze, another drawing, other glyphs.

A case is named by group, generator and index; the seed of its maze is taken from a sha512 of these and of the suite's
own name, so the list is the same for ever and everywhere. Every layout is one of those that `split` reserves. Anything
that would change a maze makes a new suite with a new name. Nothing is generated until a case is asked for its maze.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from typing import TYPE_CHECKING

from .draw.glyphs import Glyphs
from .errors import MazeError

if TYPE_CHECKING:
    from .maze import Maze

SUITE = "labirinto-v1"
DIGEST = "9a4ec0dfc9448e70a61afca1d1c6e220e4fb4b8da7725d23b4c1280eac914e79"  # of all of it, see digest()
TIERS = {"tiny": 4, "small": 5, "medium": 8, "large": 12, "huge": 20}  # tier -> rows, and as many columns
GENERATORS = ("dfs", "wilson", "kruskal", "braided")
HELD_OUT = ("prim", "division", "percolation")
DRAWINGS = ("block", "spaced", "boxes", "unicode", "coordinates", "walls")  # those of the transfer sets


@dataclass(frozen=True)
class Group:
    """Cases that are reported together, as many of each generator."""

    rows: int
    cols: int
    each: int
    """Cases of each generator; pairs of them in a group of twins."""
    generators: tuple[str, ...] = GENERATORS
    twins: bool = False
    """Whether each maze comes twice, unsolvable (`closed`) and solvable (`open`)."""
    of: str = ""
    """The tier whose mazes these are, one thing changed."""
    turned: bool = False
    """Whether they are rotated or mirrored."""
    drawing: str = ""
    """How they are drawn, whatever the session draws."""
    glyphs: bool = False
    """Whether each case is drawn with random characters of its own."""


def _groups() -> Iterator[tuple[str, Group]]:
    for tier, size in TIERS.items():
        yield tier, Group(size, size, each=100)
    for tier in ("small", "medium", "large"):
        size = TIERS[tier]
        yield f"unsolvable-{tier}", Group(size, size, each=40, generators=("dfs", "wilson", "kruskal"), twins=True)
    for tier in ("small", "medium", "large"):
        yield f"generator-{tier}", Group(TIERS[tier], TIERS[tier], each=40, generators=HELD_OUT)
    for rows, cols in ((6, 6), (5, 8), (10, 10), (16, 16)):
        yield f"size-{rows}x{cols}", Group(rows, cols, each=30)
    for tier in ("small", "medium"):
        yield f"rotation-{tier}", Group(TIERS[tier], TIERS[tier], each=30, of=tier, turned=True)
    for drawing in DRAWINGS:
        yield f"drawing-{drawing}", Group(5, 5, each=30, of="small", drawing=drawing)
    yield "glyphs-small", Group(5, 5, each=30, of="small", drawing="block", glyphs=True)


GROUPS = dict(_groups())


def groups(kind: str) -> tuple[str, ...]:
    """The names of the groups of one kind: `unsolvable`, `generator`, `size`, `rotation`, `drawing` or `glyphs`."""
    return tuple(name for name in GROUPS if name.split("-")[0] == kind)


@dataclass(frozen=True)
class Case:
    """One maze of the suite. `twin` is `closed` or `open` in a group of twins, else empty."""

    group: str
    generator: str
    index: int
    twin: str = ""

    @cached_property
    def id(self) -> str:
        """Unique within its group, such as `wilson-0042` or `dfs-0007-closed`."""
        return f"{self.generator}-{self.index:04d}" + (f"-{self.twin}" if self.twin else "")

    @staticmethod
    def of(group: str, name: str) -> Case:
        """The case that has this id (`name`) in this group."""
        generator, index, *twin = name.split("-")
        return _case(group, generator, int(index), *twin)

    @property
    def drawing(self) -> str:
        """The drawing that belongs to the case; empty where the session chooses."""
        return GROUPS[self.group].drawing

    @property
    def glyphs(self) -> Glyphs | None:
        """The characters that the case is drawn with whatever the session asks; None where it is drawn as usual."""
        return self.own_glyphs() if GROUPS[self.group].glyphs else None

    def own_glyphs(self) -> Glyphs:
        """Random characters that belong to the case."""
        return Glyphs.random(self.seed_name())

    @cached_property
    def maze(self) -> Maze:
        """The maze; its goal is at least as many moves away as its longer side, so that no case is trivial."""
        group = GROUPS[self.group]
        if group.of:
            maze = Case(group.of, self.generator, self.index).maze
            return _turned(maze, 1 + self.index % 7) if group.turned else maze
        if group.twins:
            return _pair(self.group, self.generator, self.index)[self.twin == "open"]
        return next(_reserved(self))

    @property
    def digest(self) -> str:
        """The sha256 of the case: its name, its maze, and how it is drawn if that belongs to it."""
        drawn = f"{self.drawing}{self.glyphs.all if self.glyphs else ''}"
        return hashlib.sha256(f"{self.group}/{self.id} {self.maze.digest()} {drawn}".encode()).hexdigest()

    def seed_name(self) -> str:
        """What the case's seeds are made from."""
        return f"{SUITE}/{self.group}/{self.generator}/{self.index}"


@cache
def _case(group: str, generator: str, index: int, twin: str = "") -> Case:
    """Each case once, so that its maze is made once."""
    return Case(group, generator, index, twin)


def _reserved(case: Case) -> Iterator[Maze]:
    """The mazes of a case, of which it takes the first: seeds in order, those passed over that give no reserved layout.

    A maze of percolation may have no two cells so far apart; its seed is passed over too.
    """
    from .ends import pick  # Numba takes half a second to import, and collection does without
    from .generate import batch
    from .maze import Maze
    from .seeds import seeds
    from .split import reserved

    group = GROUPS[case.group]
    for attempt in count():
        numbers = seeds(f"{case.seed_name()}/{attempt}", 8)
        walls = batch(case.generator, group.rows, group.cols, numbers)
        kept = reserved(walls)
        ends = pick(walls[kept], numbers[kept], at_least=max(group.rows, group.cols))
        for layout, pair in zip(walls[kept], ends, strict=True):
            if pair[0][0] >= 0:
                yield Maze(layout, *pair, check=False)


@cache
def _pair(group: str, generator: str, index: int) -> tuple[Maze, Maze]:
    """The twins of a case: those of the first of its mazes that has any."""
    from .twins import twins

    case = Case(group, generator, index)
    for maze in _reserved(case):
        if pair := twins(maze, case.seed_name(), keep_reserved=True):
            return pair
    raise AssertionError("the stream of mazes has no end")


def _turned(maze: Maze, image: int) -> Maze:
    from .symmetry import images

    return images(maze)[image]


def cases(group: str) -> list[Case]:
    """The cases of a group, generators in turn and twins side by side, so that the first N are balanced.

    Raises MazeError, listing the groups, for any other name.
    """
    if not isinstance(group, str) or group not in GROUPS:
        raise MazeError(f"no group {group!r} in {SUITE}; there are {', '.join(GROUPS)}")
    known = GROUPS[group]
    twins = ("closed", "open") if known.twins else ("",)
    return [
        _case(group, generator, index, twin)
        for index in range(known.each)
        for generator in known.generators
        for twin in twins
    ]


def all_cases() -> Iterator[Case]:
    """The cases of all groups, in order."""
    for group in GROUPS:
        yield from cases(group)


def digest() -> str:
    """The sha256 over the digests of all cases: what a saved run says it was measured on."""
    total = hashlib.sha256(SUITE.encode())
    for case in all_cases():
        total.update(case.digest.encode())
    return total.hexdigest()
