"""Suites, groups and cases. A suite has groups of mazes, and a group is a fixed list of cases.

The seed of a maze is a sha512 of the names of suite and group, the generator and the index, so that the mazes are the
same on every machine. Every layout is one of those that `split` reserves for suites. A change to any maze requires a
new suite with a new name. Mazes are generated when `Case.maze` is read for the first time.
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
    """Cases that are reported together; each generator makes the same number of them."""

    rows: int
    cols: int
    each: int
    """The number of cases of each generator, or of pairs of cases in a group of twins."""
    generators: tuple[str, ...]
    twins: bool = False
    """Whether each maze occurs twice, unsolvable (`closed`) and solvable (`open`)."""
    source: str = ""
    """The group whose mazes are used with one change; empty for a group with mazes of its own."""
    turned: bool = False
    """Whether the mazes of the source are rotated or mirrored."""
    drawing: str = ""
    """The drawing of the cases; empty where the prompt options decide."""
    glyphs: bool = False
    """Whether each case is drawn with its own random characters."""


@dataclass(frozen=True, eq=False)
class Suite:
    """Groups of cases under one name. A new suite is one value and one entry in `benchmark.mazes.suite.SUITES`."""

    name: str
    """A part of the seed of every maze, together with the names of the group and the case."""
    groups: Mapping[str, Group]
    """By name, in the order of the reports. The part of a name before the first `-` is the kind of the group."""
    tiers: tuple[str, ...]
    """The groups that differ in size only, from the smallest to the largest."""
    recorded_digest: str = ""
    """The result of `compute_digest` when the suite was published; empty while it is in development."""

    def __post_init__(self) -> None:
        names = [*self.tiers, *(group.source for group in self.groups.values() if group.source)]
        if missing := sorted({*names} - {*self.groups}):
            raise MazeError(
                f"the suite {self.name} names the group {missing[0]!r}, but its groups are {', '.join(self.groups)}"
            )

    @property
    def generators(self) -> tuple[str, ...]:
        """The generators of the tiers, each once."""
        return tuple(dict.fromkeys(name for tier in self.tiers for name in self.groups[tier].generators))

    def groups_of_kind(self, kind: str) -> tuple[str, ...]:
        """Return the names of the groups of a kind, such as `unsolvable`, `generator` or `drawing`."""
        return tuple(name for name in self.groups if name.split("-")[0] == kind)

    def cases(self, group: str) -> list[Case]:
        """Return the cases of a group, the generators in turn and twins together, so that the first N are balanced.

        Raises MazeError, which lists the groups, for an unknown name.
        """
        if not isinstance(group, str) or group not in self.groups:
            raise MazeError(f"no group {group!r} in {self.name}; the groups are {', '.join(self.groups)}")
        settings = self.groups[group]
        twins = (UNSOLVABLE, SOLVABLE) if settings.twins else ("",)
        return [
            _case(self, group, generator, index, twin)
            for index in range(settings.each)
            for generator in settings.generators
            for twin in twins
        ]

    def case(self, group: str, name: str) -> Case:
        """Return the case with the id `name` in a group. Its index may be larger than those of `cases`."""
        generator, index, *twin = name.split("-")
        return _case(self, group, generator, int(index), *twin)

    def all_cases(self) -> Iterator[Case]:
        """Yield the cases of all groups, in order."""
        for group in self.groups:
            yield from self.cases(group)

    @cached_property
    def digest(self) -> str:
        """The sha256 of all cases, which identifies the suite in saved runs."""
        return self.recorded_digest or self.compute_digest()

    def compute_digest(self) -> str:
        """Generate all mazes and return the sha256 of the digests of all cases."""
        total = hashlib.sha256(self.name.encode())
        for case in self.all_cases():
            total.update(case.digest.encode())
        return total.hexdigest()


@dataclass(frozen=True)
class Case:
    """One maze of a suite. `twin` is `closed` or `open` in a group of twins, and empty in other groups."""

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
        """The drawing of the case; empty where the prompt options decide."""
        return self._group.drawing

    @property
    def glyphs(self) -> Glyphs | None:
        """The characters of the case in a group with glyphs; None where the prompt options decide."""
        return self.own_glyphs() if self._group.glyphs else None

    def own_glyphs(self) -> Glyphs:
        """Return random characters for the case, the same every time."""
        return Glyphs.random(self.seed_name())

    @cached_property
    def maze(self) -> Maze:
        """The maze. From S to G it takes at least max(rows, columns) moves, so that no case is trivial."""
        from . import layouts  # imports Numba, which takes half a second: collecting does without it

        group = self._group
        if group.source:
            maze = _case(self.suite, group.source, self.generator, self.index).maze
            return layouts.turn(maze, 1 + self.index % 7) if group.turned else maze
        source = layouts.Source(self.seed_name(), self.generator, group.rows, group.cols)
        return layouts.twin(source, self.twin == SOLVABLE) if group.twins else layouts.first(source)

    @property
    def digest(self) -> str:
        """The sha256 of the case: its name, its maze, and its drawing and glyphs if the group sets them."""
        drawn = f"{self.drawing}{self.glyphs.all if self.glyphs else ''}"
        return hashlib.sha256(f"{self.group}/{self.id} {self.maze.digest()} {drawn}".encode()).hexdigest()

    def seed_name(self) -> str:
        """Return the name from which the seeds of the case are made."""
        return f"{self.suite.name}/{self.group}/{self.generator}/{self.index}"

    @property
    def _group(self) -> Group:
        return self.suite.groups[self.group]


@cache
def _case(suite: Suite, group: str, generator: str, index: int, twin: str = "") -> Case:
    """The same object for the same case, so that its maze is generated once."""
    return Case(suite, group, generator, index, twin)
