"""The same after a change: what is learned well carries over.

pytest benchmark/test_transfer.py -k test_rotation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.mazes import suite

if TYPE_CHECKING:
    from fixtures.records import Walk


@pytest.mark.mazes(*suite.groups("generator"))
def test_generator(walk: Walk) -> None:
    """Generators that no checkpoint of ours learned from."""
    walk()


@pytest.mark.mazes(*suite.groups("size"))
def test_size(walk: Walk) -> None:
    """Sizes between the tiers, and a rectangle."""
    walk()


@pytest.mark.mazes(*suite.groups("rotation"))
def test_rotation(walk: Walk) -> None:
    """Mazes of the tiers, rotated or mirrored; each has the id of the maze that it is a twin of."""
    walk()


@pytest.mark.mazes(*suite.groups("drawing"))
def test_drawing(walk: Walk) -> None:
    """Mazes of the small tier in each of the other drawings, whatever --drawing says."""
    walk()


@pytest.mark.mazes(*suite.groups("glyphs"))
def test_glyphs(walk: Walk) -> None:
    """Mazes of the small tier, each drawn with random characters of its own."""
    walk()
