"""The same after a change: what is learned well carries over.

pytest benchmark/test_transfer.py -k test_rotation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.mazes import suite
from benchmark.walk import walk

if TYPE_CHECKING:
    from benchmark.mazes.answer import Reading
    from benchmark.walk import Measure


@pytest.mark.mazes(*suite.groups("generator"))
def test_generator(case: suite.Case, reading: Reading, measure: Measure) -> None:
    """Generators that no checkpoint of ours learned from."""
    walk(case, reading, measure)


@pytest.mark.mazes(*suite.groups("size"))
def test_size(case: suite.Case, reading: Reading, measure: Measure) -> None:
    """Sizes between the tiers, and a rectangle."""
    walk(case, reading, measure)


@pytest.mark.mazes(*suite.groups("rotation"))
def test_rotation(case: suite.Case, reading: Reading, measure: Measure) -> None:
    """Mazes of the tiers, rotated or mirrored; each has the id of the maze that it is a twin of."""
    walk(case, reading, measure)


@pytest.mark.mazes(*suite.groups("drawing"))
def test_drawing(case: suite.Case, reading: Reading, measure: Measure) -> None:
    """Mazes of the small tier in each of the other drawings, whatever --drawing says."""
    walk(case, reading, measure)


@pytest.mark.mazes(*suite.groups("glyphs"))
def test_glyphs(case: suite.Case, reading: Reading, measure: Measure) -> None:
    """Mazes of the small tier, each drawn with random characters of its own."""
    walk(case, reading, measure)
