import hashlib
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import chisquare

from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import GENERATORS, generate, layout
from benchmark.mazes.solve import distances

from .strategies import graph, mazes


@given(mazes)
def test_every_maze_is_a_tree(maze):
    assert nx.is_tree(graph(maze.walls))


@given(mazes)
def test_distances_are_those_of_networkx(maze):
    expected = nx.single_source_shortest_path_length(graph(maze.walls), maze.start)
    found = distances(maze.walls, maze.start)
    assert {cell: int(found[cell]) for cell in expected} == expected


def test_wilson_is_uniform_over_the_192_spanning_trees_of_3x3():
    counts = Counter(layout("wilson", 3, 3, seed).tobytes() for seed in range(38_400))
    assert len(counts) == 192
    assert chisquare(list(counts.values())).pvalue > 0.001


def test_dfs_is_not_uniform_so_the_test_above_can_fail():
    counts = Counter(layout("dfs", 3, 3, seed).tobytes() for seed in range(38_400))
    counts.update(dict.fromkeys(range(192 - len(counts)), 0))
    assert chisquare(list(counts.values())).pvalue < 1e-9


@pytest.mark.parametrize(
    ("generator", "expected"),
    [
        ("dfs", "067d29657f5491fe2abc2523e41793dd759d8640dd645a436a1d66424bc061e5"),
        ("wilson", "04f90eedfa9943473d92479752772a30bd07af77096b898017dd52a3bb6b4810"),
    ],
)
def test_a_seed_gives_the_same_maze_for_ever(generator, expected):
    total = hashlib.sha256()
    for rows, cols, seed in [(2, 2, 0), (5, 5, 1), (4, 9, 2**64 - 1), (20, 20, 12345), (200, 200, 3)]:
        total.update(generate(generator, rows, cols, seed).digest().encode())
    assert total.hexdigest() == expected


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_goal_is_as_far_away_as_asked(generator):
    for seed in range(50):
        maze = generate(generator, 6, 6, seed, at_least=9)
        assert distances(maze.walls, maze.start)[maze.goal] >= 9


def test_a_layout_is_that_of_the_maze():
    assert np.array_equal(layout("dfs", 5, 7, 3), generate("dfs", 5, 7, 3).walls)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prim", 5, 5, 0), "choose one of dfs, wilson"),
        (("dfs", 1, 5, 0), "2 to 200"),
        (("dfs", 5, 201, 0), "2 to 200"),
        (("dfs", 2, 2, 0, 9), "ask for less"),
    ],
)
def test_impossible_requests_say_what_is_possible(arguments, message):
    with pytest.raises(MazeError, match=message):
        generate(*arguments)
