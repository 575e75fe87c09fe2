import os
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from benchmark.mazes import training
from benchmark.mazes.covariates import covariates
from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import batch
from benchmark.mazes.labirinto_v1 import HELD_OUT, SUITE
from benchmark.mazes.maze import check_walls
from benchmark.mazes.solve import distances
from benchmark.mazes.split import reserved
from benchmark.mazes.suite import Case
from benchmark.mazes.symmetry import canonical

SIZES = {"tiny": 4, "small": 5, "medium": 8, "large": 12, "huge": 20}


def test_the_suite_has_its_golden_digest():
    assert SUITE.compute_digest() == SUITE.recorded_digest


def test_the_digest_is_the_same_in_another_process_with_another_hash_seed():
    code = "from benchmark.mazes.labirinto_v1 import SUITE; print(SUITE.compute_digest())"
    env = {**os.environ, "PYTHONHASHSEED": "4711"}
    printed = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == SUITE.recorded_digest


def test_tiers_are_balanced_and_ids_unique():
    for tier, size in SIZES.items():
        cases = SUITE.cases(tier)
        assert len({case.id for case in cases}) == len(cases) == 400
        assert [case.generator for case in cases[:8]] == [*SUITE.generators] * 2
        assert cases[0].maze.walls.shape == (size, size)


def test_a_case_is_found_by_group_and_id():
    for case in SUITE.all_cases():
        assert SUITE.case(case.group, case.id) == case
    assert len({case.digest for case in SUITE.all_cases()}) == len(list(SUITE.all_cases()))


def test_no_two_cases_of_a_group_are_the_same_maze():
    for group in SUITE.groups:
        mazes = [case.maze for case in SUITE.cases(group)]
        assert len(set(mazes)) == len(mazes)


def test_no_case_is_trivial_and_only_closed_twins_have_no_way():
    for case in SUITE.all_cases():
        away = distances(case.maze.walls, case.maze.start)[case.maze.goal]
        if case.twin == "closed":
            assert away < 0
        else:
            assert away >= max(case.maze.walls.shape)


def test_every_layout_is_reserved():
    for case in SUITE.all_cases():
        assert reserved(case.maze.walls[None])[0]


def test_one_thing_is_changed_in_each_transfer_set():
    for name, group in SUITE.groups.items():
        kind = name.split("-")[0]
        assert (kind == "generator") == (not set(group.generators) & set(training.GENERATORS))
        assert (kind == "size") == (group.rows not in SIZES.values() or group.rows != group.cols)
        assert (kind == "drawing") == bool(group.drawing and not group.glyphs)
        for case in SUITE.cases(name) if group.source else ():
            original = Case(SUITE, group.source, case.generator, case.index).maze
            assert canonical(case.maze.walls) == canonical(original.walls)
            assert (case.maze == original) == (kind != "rotation")
    assert set(HELD_OUT).isdisjoint(training.GENERATORS)


def test_a_case_costs_nothing_before_it_is_asked_for_its_maze():
    code = (
        "import sys; from benchmark.mazes.labirinto_v1 import SUITE; everything = list(SUITE.all_cases());"
        "ids = {case.id for case in everything}; print(len(everything), 'numba' in sys.modules,"
        "any('maze' in vars(case) for case in everything))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["4640", "False", "False"]


def test_an_altered_maze_has_some_walls_more_and_some_fewer_and_no_reserved_layout():
    random, more, fewer, kept = np.random.default_rng(0), 0, 0, 0
    for maze in islice(training.stream("test", 5, 5), 500):
        altered = training.alter(maze, 0.1, random)
        check_walls(altered.walls)
        assert (altered.start, altered.goal) == (maze.start, maze.goal)
        assert not reserved(altered.walls[None])[0]
        bits = np.unpackbits(altered.walls ^ maze.walls).sum()
        new = np.unpackbits(altered.walls & ~maze.walls).sum()
        more, fewer, kept = more + int(new), fewer + int(bits - new), kept + (altered is maze)
    assert 90 < kept < 170  # a layout of four is reserved
    assert 0.9 < (more + fewer) / ((500 - kept) * 2 * 40 * 0.1) < 1.1  # two cells tell of each of 40 inner walls
    assert min(more, fewer) > 0.3 * (more + fewer)
    assert np.array_equal(training.alter(maze, 0, random).walls, maze.walls)


@pytest.mark.parametrize("size", [*SIZES.values(), 6])
def test_the_training_stream_keeps_clear_of_the_suite(size):
    groups = [name for name, group in SUITE.groups.items() if (group.rows, group.cols) == (size, size)]
    refused = {canonical(case.maze.walls) for name in groups for case in SUITE.cases(name)}
    assert len(refused) > 100
    for maze in islice(training.stream("test", size, size), 2000):
        assert canonical(maze.walls) not in refused


def test_without_the_guard_the_suite_would_be_met_so_the_test_above_can_fail():
    refused = {canonical(case.maze.walls) for case in SUITE.cases("tiny")}
    met = sum(canonical(walls) in refused for walls in batch("dfs", 4, 4, range(3000)))
    assert met > 300


def test_streams_are_repeatable_differ_by_name_and_take_generators_in_turn():
    first, again, other = (list(islice(training.stream(name, 5, 5), 60)) for name in ("a", "a", "b"))
    assert first == again
    assert not set(first) & set(other)
    loops = ["braided" if covariates(maze).loops else "tree" for maze in first]
    assert {kind for place, kind in enumerate(loops) if place % 4 != 3} == {"tree"}
    assert "braided" in loops


@pytest.mark.parametrize("group", ["mine", "", "SMALL", None, 3, ["small"]])
def test_a_group_that_there_is_not_is_told_with_those_that_there_are(group):
    with pytest.raises(MazeError, match=r"no group .* in labirinto-v1; the groups are tiny, small, .*glyphs-small"):
        SUITE.cases(group)
