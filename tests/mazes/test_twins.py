import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import mannwhitneyu

from benchmark.mazes.covariates import covariates
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.twins import twins

from .strategies import graph, trees


@given(trees.filter(lambda maze: maze.walls.size >= 16))
def test_one_twin_has_a_way_and_the_other_none(tree):
    pair = twins(tree, "test", keep_reserved=False)
    if pair is None:
        return
    closed, opened = pair
    for maze in pair:
        assert (maze.start, maze.goal) == (tree.start, tree.goal)
        ways, before = graph(maze.walls), graph(tree.walls)
        assert len(set(before.edges) - set(ways.edges)) == 1
        assert set(ways.edges) < set(before.edges)
        assert nx.number_connected_components(ways) == 2
    assert not nx.has_path(graph(closed.walls), tree.start, tree.goal)
    assert nx.shortest_path(graph(opened.walls), tree.start, tree.goal) == nx.shortest_path(
        graph(tree.walls), tree.start, tree.goal
    )


def _look(maze):
    """What could be seen of a maze at a glance, without looking for a way."""
    ways = graph(maze.walls)
    regions = sorted(map(len, nx.connected_components(ways)))
    degrees = [degree for _, degree in ways.degree]
    return {
        "walls": int(np.bitwise_count(maze.walls).sum()),
        "smaller region": regions[0],
        "isolated cells": degrees.count(0),
        "dead ends": degrees.count(1),
        "junctions": sum(degree > 2 for degree in degrees),
        "branching": covariates(maze).branching,
        "walls around S": maze.walls[maze.start].bit_count(),
        "walls around G": maze.walls[maze.goal].bit_count(),
        "distance as the crow flies": abs(maze.start[0] - maze.goal[0]) + abs(maze.start[1] - maze.goal[1]),
    }


@pytest.mark.parametrize("group", SUITE.groups_of_kind("unsolvable"))
def test_no_look_tells_the_twins_apart(group):
    looks = {
        twin: [_look(case.maze) for case in SUITE.cases(group) if case.twin == twin] for twin in ("closed", "open")
    }
    for sight in looks["open"][0]:
        closed, opened = ([look[sight] for look in looks[twin]] for twin in ("closed", "open"))
        # the chance that a closed twin shows more of it than an open one: one half where it tells nothing
        share = mannwhitneyu(closed, opened).statistic / (len(closed) * len(opened))
        assert share == pytest.approx(0.5, abs=0.08), sight
