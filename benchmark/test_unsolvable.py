"""Mazes with no way out, each beside a twin that looks the same and has one; the right answer is `unreachable`.

pytest benchmark/test_unsolvable.py
pytest "benchmark/test_unsolvable.py::test_unsolvable[sft-unsolvable-small-dfs-0007-closed]"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.mazes import suite

if TYPE_CHECKING:
    from fixtures.records import Walk


@pytest.mark.mazes(*suite.groups("unsolvable"))
def test_unsolvable(walk: Walk) -> None:
    """Closed and open twins, as many of each, of three sizes."""
    walk()
