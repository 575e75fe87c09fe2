from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given

from benchmark.mazes.covariates import Covariates, covariates
from benchmark.mazes.draw import read

from .strategies import graph, mazes


@given(mazes)
def test_the_covariates_are_those_of_networkx(maze):
    found, ways = covariates(maze), graph(maze.walls)
    assert found.shortest == nx.shortest_path_length(ways, maze.start, maze.goal)
    assert found.dead_ends == sum(degree == 1 for _, degree in ways.degree)
    assert found.regions == nx.number_connected_components(ways)
    assert found.loops == len(nx.cycle_basis(ways))
    through = [degree - 1 for _, degree in ways.degree if degree >= 2]
    assert found.branching == pytest.approx(sum(through) / len(through) if through else 0, abs=1e-3)
    if not found.loops:  # the path is the only one
        path = nx.shortest_path(ways, maze.start, maze.goal)
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(path)]
        assert found.turns == sum(a != b for a, b in pairwise(steps))
        assert found.junctions == sum(ways.degree[cell] > 2 for cell in path[1:-1])


def test_one_worked_by_hand():
    maze = read("#########\n#S    # #\n# ### # #\n# #     #\n# ### ###\n# #  G# #\n#########", "block")
    assert covariates(maze) == Covariates(
        shortest=4, turns=1, junctions=1, detour=1.0, dead_ends=4, loops=0, regions=2, branching=1.2857
    )
