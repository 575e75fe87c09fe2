"""Solvable mazes of five sizes. Each test runs once for each checkpoint and maze of its group.

    pytest benchmark -k large_mazes
    pytest "benchmark/test_mazes.py::test_large_mazes[sft-wilson-0042]"

A maze that is not solved is a measurement, not a failure: the test passes, and the table at the end counts the maze.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.mazes("tiny")
def test_tiny_mazes(evaluate: Callable[[], object]) -> None:
    """4 x 4 cells."""
    evaluate()


@pytest.mark.mazes("small")
def test_small_mazes(evaluate: Callable[[], object]) -> None:
    """5 x 5 cells."""
    evaluate()


@pytest.mark.mazes("medium")
def test_medium_mazes(evaluate: Callable[[], object]) -> None:
    """8 x 8 cells."""
    evaluate()


@pytest.mark.mazes("large")
def test_large_mazes(evaluate: Callable[[], object]) -> None:
    """12 x 12 cells."""
    evaluate()


@pytest.mark.mazes("huge")
def test_huge_mazes(evaluate: Callable[[], object]) -> None:
    """20 x 20 cells."""
    evaluate()
