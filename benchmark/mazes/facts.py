"""The fact sheet of the suite: what is in it, how hard it is, what can be had without a model, and what leaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from .agents import AGENTS
from .cases import Suite
from .covariates import covariates
from .outcomes import OPTIMAL, SOLVED
from .overlap import Overlap, overlap
from .score import score
from .symmetry import canonical


@dataclass(frozen=True)
class Facts:
    """What a group holds. Paths, turns and junctions are those of the cases that can be solved."""

    group: str
    shape: str
    """Rows x columns."""
    cases: int
    generators: str
    layouts: int
    """Different layouts, rotations and reflections counted once."""
    path: str
    """Moves of the shortest paths: least, median, most."""
    turns: float
    """Median of the turns on the path."""
    junctions: float
    """Median of the junctions on the path."""
    dead_ends: float
    """Median of the dead ends."""
    loops: float
    """Median of the loops."""


def facts(suite: Suite, group: str) -> Facts:
    """The facts of a group."""
    cases = suite.cases(group)
    measured = [covariates(case.maze) for case in cases]
    paths = [one.shortest for one in measured if one.shortest is not None]
    known = suite.groups[group]
    return Facts(
        group,
        f"{known.rows}x{known.cols}",
        len(cases),
        ", ".join(known.generators),
        len({canonical(case.maze.walls) for case in cases}),
        f"{min(paths)} - {median(paths):g} - {max(paths)}",
        median(one.turns for one in measured if one.turns is not None),
        median(one.junctions for one in measured if one.junctions is not None),
        median(one.dead_ends for one in measured),
        median(one.loops for one in measured),
    )


def baselines(suite: Suite, group: str) -> dict[str, tuple[float, float]]:
    """For each agent the percentage of a group's cases that it gets right, and of those that could not be better."""
    cases = suite.cases(group)
    shares = {}
    for name, agent in AGENTS.items():
        outcomes = [score(case.maze, agent(case)).outcome for case in cases]
        right, best = (sum(outcome in kind for outcome in outcomes) for kind in (SOLVED, OPTIMAL))
        shares[name] = (100 * right / len(cases), 100 * best / len(cases))
    return shares


def leaks(
    suite: Suite, tier: str, mazes: int, progress: Callable[[int], object] | None = None
) -> tuple[Overlap, Overlap]:
    """Overlap with so many training mazes: of all groups of a tier's shape guarded, and of the tier unguarded."""
    shape = suite.groups[tier].rows, suite.groups[tier].cols
    same_shape = [name for name, group in suite.groups.items() if (group.rows, group.cols) == shape]
    cases = [case for name in same_shape for case in suite.cases(name)]
    return overlap(cases, mazes, True, progress), overlap(suite.cases(tier), mazes, False, progress)
