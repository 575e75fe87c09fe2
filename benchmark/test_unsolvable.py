"""Pairs of mazes that look alike: one has a path to the goal, and the right answer to the other is `unreachable`.

pytest benchmark/test_unsolvable.py
pytest "benchmark/test_unsolvable.py::test_unsolvable[sft-unsolvable-small-dfs-0007-closed]"
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.mazes.suite import DEFAULT, SUITES

SUITE = SUITES[DEFAULT]


@pytest.mark.mazes(*SUITE.groups_of_kind("unsolvable"))
def test_unsolvable(evaluate: Callable[[], object]) -> None:
    """As many closed as open mazes, of three sizes."""
    evaluate()
