"""Mazes that differ from those of the training in one property: what a checkpoint learned may carry over, or not.

pytest benchmark/test_transfer.py -k test_rotation
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.mazes.suite import DEFAULT, SUITES

SUITE = SUITES[DEFAULT]


@pytest.mark.mazes(*SUITE.groups_of_kind("generator"))
def test_generator(evaluate: Callable[[], object]) -> None:
    """Mazes of generators that none of the recipes trains on."""
    evaluate()


@pytest.mark.mazes(*SUITE.groups_of_kind("size"))
def test_size(evaluate: Callable[[], object]) -> None:
    """Mazes of sizes between the tiers, and rectangles."""
    evaluate()


@pytest.mark.mazes(*SUITE.groups_of_kind("rotation"))
def test_rotation(evaluate: Callable[[], object]) -> None:
    """Mazes of the tiers, rotated or mirrored; each has the id of the original maze."""
    evaluate()


@pytest.mark.mazes(*SUITE.groups_of_kind("drawing"))
def test_drawing(evaluate: Callable[[], object]) -> None:
    """Mazes of the small tier in each of the other drawings, whatever `--drawing` says."""
    evaluate()


@pytest.mark.mazes(*SUITE.groups_of_kind("glyphs"))
def test_glyphs(evaluate: Callable[[], object]) -> None:
    """Mazes of the small tier, each drawn with its own random characters."""
    evaluate()
