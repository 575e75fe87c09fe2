"""One test case per maze and checkpoint. A maze that is not solved is a measurement, not a failure.

pytest benchmark -k large_mazes
pytest "benchmark/test_mazes.py::test_large_mazes[sft-wilson-0042]"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.walk import walk

if TYPE_CHECKING:
    from benchmark.mazes.answer import Reading
    from benchmark.mazes.suite import Case
    from benchmark.walk import Measure


@pytest.mark.mazes("tiny")
def test_tiny_mazes(case: Case, reading: Reading, measure: Measure) -> None:
    """4 rows and columns."""
    walk(case, reading, measure)


@pytest.mark.mazes("small")
def test_small_mazes(case: Case, reading: Reading, measure: Measure) -> None:
    """5 rows and columns."""
    walk(case, reading, measure)


@pytest.mark.mazes("medium")
def test_medium_mazes(case: Case, reading: Reading, measure: Measure) -> None:
    """8 rows and columns."""
    walk(case, reading, measure)


@pytest.mark.mazes("large")
def test_large_mazes(case: Case, reading: Reading, measure: Measure) -> None:
    """12 rows and columns."""
    walk(case, reading, measure)


@pytest.mark.mazes("huge")
def test_huge_mazes(case: Case, reading: Reading, measure: Measure) -> None:
    """20 rows and columns."""
    walk(case, reading, measure)
