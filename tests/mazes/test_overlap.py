import numpy as np
import pytest

from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.overlap import overlap
from benchmark.mazes.split import forms
from benchmark.mazes.symmetry import canonical, images

MAZES = {"tiny": 300_000, "small": 500_000, "medium": 200_000}


@pytest.mark.slow
def test_a_million_training_mazes_hold_no_layout_of_the_suite():
    looked = 0
    for tier, mazes in MAZES.items():
        shape = SUITE.groups[tier].rows, SUITE.groups[tier].cols
        groups = [name for name, group in SUITE.groups.items() if (group.rows, group.cols) == shape]
        cases = [case for name in groups for case in SUITE.cases(name)]
        found = overlap(cases, mazes, guarded=True)
        assert (found.met, found.exact_met) == (0, 0)
        looked += found.mazes
    assert looked == 1_000_000


@pytest.mark.parametrize(("tier", "least"), [("tiny", 0.6), ("small", 0.02)])
def test_without_the_guard_they_would_so_the_test_above_can_fail(tier, least):
    found = overlap(SUITE.cases(tier), 30_000, guarded=False)
    assert found.share > least
    assert 0 < found.exact_met < found.exact_layouts


def test_the_forms_of_many_are_those_of_each():
    mazes = [case.maze for case in SUITE.cases("size-5x8")[:60]]
    found = [bytes(form) for form in forms(np.stack([maze.walls for maze in mazes]))]
    groups = {}
    for form, maze in zip(found, mazes, strict=True):
        groups.setdefault(canonical(maze.walls), set()).add(form)
        for image in images(maze):
            assert bytes(forms(image.walls[None])[0]) == form
    assert all(len(forms_of_one) == 1 for forms_of_one in groups.values())
    assert len(set(found)) == len(groups)
