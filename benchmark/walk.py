"""What every test case does: walk the answer through its maze and record what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.mazes.answer import Reading
    from benchmark.mazes.score import Score
    from benchmark.mazes.suite import Case

    Measure = Callable[[Score, Score], None]


def walk(case: Case, reading: Reading, measure: Measure) -> None:
    """Score both readings of a reply; a maze that is not solved is a measurement, not a failure."""
    from benchmark.mazes.score import score  # Numba takes half a second to import, and collection does without

    measure(score(case.maze, reading.strict), score(case.maze, reading.lenient))
