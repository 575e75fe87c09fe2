"""The measures by which runs are compared, and for which `--fail-on` sets a margin.

A new one is a `Measure` in a file of its own and a line in MEASURES; a plugin adds one by `pytest_labirinto_measures`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.mazes.outcomes import OPTIMAL, SOLVED

from .schema import Record


@dataclass(frozen=True)
class Measure:
    """What can be compared."""

    summary: str
    """What it measures, for help and docs."""
    score: Callable[[Record], float]
    """A number from 0 to 1 for each reply, the higher the better."""


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("the share of solved mazes", lambda record: record.outcome in SOLVED),
    "optimal": Measure("the share of mazes solved by a shortest path", lambda record: record.outcome in OPTIMAL),
    "spl": Measure("success weighted by path length: shortest / moves where solved, else 0", lambda record: record.spl),
}
"""By the name that `--fail-on` gives them."""


def as_measure(value: Measure | Callable[[Record], float]) -> Measure:
    """What a plugin has added, which may be a function alone."""
    return value if isinstance(value, Measure) else Measure("", value)
