"""One test case per maze and checkpoint. A maze that is not solved is a measurement, not a failure.

pytest benchmark -k large_mazes
pytest "benchmark/test_mazes.py::test_large_mazes[sft-wilson-0042]"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from benchmark.mazes import answer, suite

if TYPE_CHECKING:
    from benchmark.mazes.answer import Answer
    from benchmark.mazes.score import Score
    from models.engines import Reply

    Measure = Callable[[Answer, Score], None]


def walk(case: suite.Case, reply: Reply, measure: Measure) -> None:
    """Read the answer, walk it through the maze and record what came of it."""
    from benchmark.mazes.score import score

    read = answer.read(reply.text, case.maze.start, reply.truncated)
    measure(read, score(case.maze, read))


@pytest.mark.mazes("tiny")
def test_tiny_mazes(case: suite.Case, reply: Reply, measure: Measure) -> None:
    """4 rows and columns."""
    walk(case, reply, measure)


@pytest.mark.mazes("small")
def test_small_mazes(case: suite.Case, reply: Reply, measure: Measure) -> None:
    """5 rows and columns."""
    walk(case, reply, measure)


@pytest.mark.mazes("medium")
def test_medium_mazes(case: suite.Case, reply: Reply, measure: Measure) -> None:
    """8 rows and columns."""
    walk(case, reply, measure)


@pytest.mark.mazes("large")
def test_large_mazes(case: suite.Case, reply: Reply, measure: Measure) -> None:
    """12 rows and columns."""
    walk(case, reply, measure)


@pytest.mark.mazes("huge")
def test_huge_mazes(case: suite.Case, reply: Reply, measure: Measure) -> None:
    """20 rows and columns."""
    walk(case, reply, measure)
