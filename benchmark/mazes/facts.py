"""Facts about a suite: its groups, the scores of the baseline agents, and its overlap with training mazes."""

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
    """Facts about a group. Paths, turns and junctions are those of the solvable cases."""

    group: str
    shape: str
    """Rows x columns."""
    cases: int
    generators: str
    layouts: int
    """The number of different layouts, with rotations and reflections counted once."""
    path: str
    """The lengths of the shortest paths in moves: minimum, median, maximum."""
    turns: float
    """The median number of turns on the path."""
    junctions: float
    """The median number of junctions on the path."""
    dead_ends: float
    """The median number of dead ends."""
    loops: float
    """The median number of loops."""


def facts(suite: Suite, group: str) -> Facts:
    """Compute the facts of a group, which has at least one solvable case."""
    cases = suite.cases(group)
    mazes = [covariates(case.maze) for case in cases]
    paths = [maze.shortest for maze in mazes if maze.shortest is not None]
    settings = suite.groups[group]
    return Facts(
        group,
        f"{settings.rows}x{settings.cols}",
        len(cases),
        ", ".join(settings.generators),
        len({canonical(case.maze.walls) for case in cases}),
        f"{min(paths)} - {median(paths):g} - {max(paths)}",
        median(maze.turns for maze in mazes if maze.turns is not None),
        median(maze.junctions for maze in mazes if maze.junctions is not None),
        median(maze.dead_ends for maze in mazes),
        median(maze.loops for maze in mazes),
    )


def baselines(suite: Suite, group: str) -> dict[str, tuple[float, float]]:
    """Return, by agent, the percentage of a group's cases that it solves, and that it solves in the fewest moves."""
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
    """Return the overlap with this many training mazes, with the split and without it.

    The first one is for all groups that have the size of the tier, the second one for the tier only.
    """
    shape = suite.groups[tier].rows, suite.groups[tier].cols
    same_shape = [name for name, group in suite.groups.items() if (group.rows, group.cols) == shape]
    cases = [case for name in same_shape for case in suite.cases(name)]
    return overlap(cases, mazes, True, progress), overlap(suite.cases(tier), mazes, False, progress)
