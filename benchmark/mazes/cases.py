"""A suite: groups of mazes, each a fixed list of cases.

A case is named by group, generator and index; the seed of its maze is taken from a sha512 of these and of the suite's
own name, so the list is the same for ever and everywhere. Every layout is one of those that `split` reserves. Anything
that would change a maze makes a new suite with a new name. Nothing is generated until a case is asked for its maze.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from .draw.glyphs import Glyphs
from .errors import MazeError

if TYPE_CHECKING:
    from .maze import Maze

SOLVABLE, UNSOLVABLE = "open", "closed"


@dataclass(frozen=True)
class Group:
    """Cases that are reported together, as many of each generator."""

    rows: int
    cols: int
    each: int
    """Cases of each generator; pairs of them in a group of twins."""
    generators: tuple[str, ...]
    twins: bool = False
    """Whether each maze comes twice, unsolvable (`closed`) and solvable (`open`)."""
    source: str = ""
    """The group whose mazes these are, one thing changed."""
    turned: bool = False
    """Whether they are rotated or mirrored."""
    drawing: str = ""
    """How they are drawn, whatever the session draws."""
    glyphs: bool = False
    """Whether each case is drawn with random characters of its own."""


@dataclass(frozen=True, eq=False)
class Suite:
    """Groups of cases under one name. A new suite is one value and one entry in `benchmark.mazes.suite.SUITES`."""

    name: str
    """What the seeds of all mazes are made from, beside the names of groups and cases."""
    groups: Mapping[str, Group]
    """By name, in the order in which they are reported; what stands before the first `-` is the kind of a group."""
    tiers: tuple[str, ...]
    """The groups that differ in size alone, from the smallest on."""
    recorded_digest: str = ""
    """What `compute_digest` gave when the suite was made; empty for one that is still being made."""

    def __post_init__(self) -> None:
        names = [*self.tiers, *(group.source for group in self.groups.values() if group.source)]
        if missing := sorted({*names} - {*self.groups}):
            raise MazeError(f"{self.name} names the group {missing[0]!r}, and has {', '.join(self.groups)}")

    @property
    def generators(self) -> tuple[str, ...]:
        """The generators of the tiers."""
        return tuple(dict.fromkeys(name for tier in self.tiers for name in self.groups[tier].generators))

    def groups_of_kind(self, kind: str) -> tuple[str, ...]:
        """The names of the groups of one kind, such as `unsolvable`, `generator` or `drawing`."""
        return tuple(name for name in self.groups if name.split("-")[0] == kind)

    def cases(self, group: str) -> list[Case]:
        """The cases of a group, generators in turn and twins side by side, so that the first N are balanced.

        Raises MazeError, listing the groups, for any other name.
        """
        if not isinstance(group, str) or group not in self.groups:
            raise MazeError(f"no group {group!r} in {self.name}; there are {', '.join(self.groups)}")
        known = self.groups[group]
        twins = (UNSOLVABLE, SOLVABLE) if known.twins else ("",)
        return [
            _case(self, group, generator, index, twin)
            for index in range(known.each)
            for generator in known.generators
            for twin in twins
        ]

    def case(self, group: str, name: str) -> Case:
        """The case that has this id (`name`) in this group; its index may be larger than any that `cases` gives."""
        generator, index, *twin = name.split("-")
        return _case(self, group, generator, int(index), *twin)

    def all_cases(self) -> Iterator[Case]:
        """The cases of all groups, in order."""
        for group in self.groups:
            yield from self.cases(group)

    @cached_property
    def digest(self) -> str:
        """The sha256 over all cases: what a saved run says it was measured on."""
        return self.recorded_digest or self.compute_digest()

    def compute_digest(self) -> str:
        """The sha256 over the digests of all cases, each maze made."""
        total = hashlib.sha256(self.name.encode())
        for case in self.all_cases():
            total.update(case.digest.encode())
        return total.hexdigest()


@dataclass(frozen=True)
class Case:
    """One maze of a suite. `twin` is `closed` or `open` in a group of twins, else empty."""

    suite: Suite = field(repr=False)
    group: str
    generator: str
    index: int
    twin: str = ""

    @cached_property
    def id(self) -> str:
        """Unique within its group, such as `wilson-0042` or `dfs-0007-closed`."""
        return f"{self.generator}-{self.index:04d}" + (f"-{self.twin}" if self.twin else "")

    @property
    def drawing(self) -> str:
        """The drawing that belongs to the case; empty where the session chooses."""
        return self._group.drawing

    @property
    def glyphs(self) -> Glyphs | None:
        """The characters that the case is drawn with whatever the session asks; None where it is drawn as usual."""
        return self.own_glyphs() if self._group.glyphs else None

    def own_glyphs(self) -> Glyphs:
        """Random characters that belong to the case."""
        return Glyphs.random(self.seed_name())

    @cached_property
    def maze(self) -> Maze:
        """The maze; its goal is at least as many moves away as its longer side, so that no case is trivial."""
        from . import layouts  # Numba takes half a second to import, and collection does without

        group = self._group
        if group.source:
            maze = _case(self.suite, group.source, self.generator, self.index).maze
            return layouts.turn(maze, 1 + self.index % 7) if group.turned else maze
        source = layouts.Source(self.seed_name(), self.generator, group.rows, group.cols)
        return layouts.twin(source, self.twin == SOLVABLE) if group.twins else layouts.first(source)

    @property
    def digest(self) -> str:
        """The sha256 of the case: its name, its maze, and how it is drawn if that belongs to it."""
        drawn = f"{self.drawing}{self.glyphs.all if self.glyphs else ''}"
        return hashlib.sha256(f"{self.group}/{self.id} {self.maze.digest()} {drawn}".encode()).hexdigest()

    def seed_name(self) -> str:
        """What the case's seeds are made from."""
        return f"{self.suite.name}/{self.group}/{self.generator}/{self.index}"

    @property
    def _group(self) -> Group:
        return self.suite.groups[self.group]


@cache
def _case(suite: Suite, group: str, generator: str, index: int, twin: str = "") -> Case:
    """Each case once, so that its maze is made once."""
    return Case(suite, group, generator, index, twin)
