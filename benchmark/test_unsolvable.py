"""Mazes with no way out, each beside a twin that looks the same and has one; the right answer is `unreachable`.

pytest benchmark/test_unsolvable.py
pytest "benchmark/test_unsolvable.py::test_unsolvable[sft-unsolvable-small-dfs-0007-closed]"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.mazes.suite import DEFAULT, SUITES

if TYPE_CHECKING:
    from fixtures.lines import Walk

SUITE = SUITES[DEFAULT]


@pytest.mark.mazes(*SUITE.groups_of_kind("unsolvable"))
def test_unsolvable(walk: Walk) -> None:
    """Closed and open twins, as many of each, of three sizes."""
    walk()
