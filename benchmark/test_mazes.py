"""One test case per maze and checkpoint. A maze that is not solved is a measurement, not a failure.

pytest benchmark -k large_mazes
pytest "benchmark/test_mazes.py::test_large_mazes[sft-wilson-0042]"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fixtures.records import Walk


@pytest.mark.mazes("tiny")
def test_tiny_mazes(walk: Walk) -> None:
    """4 rows and columns."""
    walk()


@pytest.mark.mazes("small")
def test_small_mazes(walk: Walk) -> None:
    """5 rows and columns."""
    walk()


@pytest.mark.mazes("medium")
def test_medium_mazes(walk: Walk) -> None:
    """8 rows and columns."""
    walk()


@pytest.mark.mazes("large")
def test_large_mazes(walk: Walk) -> None:
    """12 rows and columns."""
    walk()


@pytest.mark.mazes("huge")
def test_huge_mazes(walk: Walk) -> None:
    """20 rows and columns."""
    walk()
