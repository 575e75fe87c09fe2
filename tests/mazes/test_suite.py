import os
import subprocess
import sys
from itertools import islice

import pytest

from benchmark.mazes import suite, training
from benchmark.mazes.generate import layout
from benchmark.mazes.symmetry import canonical


def test_the_suite_has_its_golden_digest():
    assert suite.digest() == suite.DIGEST


def test_the_digest_is_the_same_in_another_process_with_another_hash_seed():
    code = "from benchmark.mazes import suite; print(suite.digest())"
    env = {**os.environ, "PYTHONHASHSEED": "4711"}
    printed = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == suite.DIGEST


def test_tiers_are_balanced_and_ids_unique():
    for tier, size in suite.TIERS.items():
        cases = suite.cases(tier)
        assert len({case.id for case in cases}) == len(cases) == 200
        assert sum(case.generator == "dfs" for case in cases[:20]) == 10
        assert cases[0].maze.walls.shape == (size, size)
        assert suite.Case.of(tier, cases[7].id) == cases[7]


def test_no_case_is_trivial():
    from benchmark.mazes.solve import shortest_path

    for case in suite.all_cases():
        assert len(shortest_path(case.maze)) >= suite.TIERS[case.tier]


@pytest.mark.parametrize("size", suite.TIERS.values())
def test_the_training_stream_keeps_clear_of_the_suite(size):
    refused = suite.layouts(size, size)
    assert len(refused) > 1
    for maze in islice(training.stream("test", size, size), 3000):
        assert canonical(maze.walls) not in refused


def test_without_the_guard_the_suite_would_be_met_so_the_test_above_can_fail():
    refused = suite.layouts(4, 4)
    met = sum(canonical(layout("dfs", 4, 4, seed)) in refused for seed in range(3000))
    assert met > 300


def test_streams_are_repeatable_and_differ_by_name():
    first, again, other = (list(islice(training.stream(name, 5, 5), 20)) for name in ("a", "a", "b"))
    assert first == again
    assert not set(first) & set(other)
