import hashlib
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import chisquare

from benchmark.mazes.endpoints import POLICIES
from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import GENERATORS, batch, generate
from benchmark.mazes.maze import check_walls
from benchmark.mazes.solve import distances, shortest_path

from .strategies import TREES, graph, mazes


def _check(generator, walls, cell):
    """One layout against networkx: closed and consistent, connected, a tree or not, and all distances from a cell."""
    check_walls(walls)
    ways = graph(walls)
    if generator in TREES:
        assert nx.is_tree(ways)
    elif generator == "braided":
        assert nx.is_connected(ways)
    expected = nx.single_source_shortest_path_length(ways, cell)
    found = distances(walls, cell)
    assert {place: int(found[place]) for place in expected} == expected
    assert (found >= 0).sum() == len(expected)
    return ways


@pytest.mark.slow
def test_ten_thousand_mazes_of_all_generators_and_sizes_are_what_networkx_says():
    random = np.random.default_rng(1)
    checked, loops, cut = 0, Counter(), Counter()
    sizes = np.exp(np.log(2) + random.random((10_000, 2)) ** 4 * np.log(201 / 2)).astype(int)  # 2 to 200, most small
    sizes[:7] = 200
    sizes[7:14] = 2
    for number, (rows, cols) in enumerate(sizes.tolist()):
        generator = list(GENERATORS)[number % len(GENERATORS)]
        (walls,) = batch(generator, rows, cols, [number])
        ways = _check(generator, walls, (int(random.integers(rows)), int(random.integers(cols))))
        regions = nx.number_connected_components(ways)
        loops[generator] += ways.number_of_edges() - rows * cols + regions
        cut[generator] += regions > 1
        checked += 1
    assert checked == 10_000
    assert loops["braided"] > 1000 < loops["percolation"]
    assert cut["percolation"] > 1000
    assert not cut["braided"]


@given(mazes)
def test_a_maze_and_its_shortest_path_are_what_networkx_says(maze):
    ways = graph(maze.walls)
    assert len(shortest_path(maze)) == nx.shortest_path_length(ways, maze.start, maze.goal)


def test_wilson_is_uniform_over_the_192_spanning_trees_of_3x3():
    counts = Counter(map(bytes, batch("wilson", 3, 3, range(192_000))))
    assert len(counts) == 192
    assert chisquare(list(counts.values())).pvalue > 0.001


@pytest.mark.parametrize("generator", ["dfs", "prim", "kruskal", "division"])
def test_the_others_are_not_uniform_so_the_test_above_can_fail(generator):
    counts = Counter(map(bytes, batch(generator, 3, 3, range(192_000))))
    counts.update(dict.fromkeys(range(192 - len(counts)), 0))
    assert chisquare(list(counts.values())).pvalue < 1e-9


def test_the_share_is_that_of_the_open_walls():
    for share in (0.0, 0.3, 0.75, 1.0):
        walls = batch("percolation", 40, 50, range(20), share)
        opened = sum(graph(layout).number_of_edges() for layout in walls)
        assert opened / (20 * (39 * 50 + 40 * 49)) == pytest.approx(share, abs=0.01)


def test_braiding_opens_that_share_of_the_dead_ends():
    def dead_ends(share):
        return int(np.isin(batch("braided", 20, 20, range(50), share), (7, 11, 13, 14)).sum())

    whole = dead_ends(0.0)
    assert whole == int(np.isin(batch("dfs", 20, 20, range(50)), (7, 11, 13, 14)).sum())
    assert dead_ends(1.0) == 0
    assert 0.35 * whole < dead_ends(0.5) < 0.55 * whole  # an opened wall may end a second dead end


GOLDEN = {
    "dfs": "c36708cdfbd845c4d826cefe1cb6b2cb620c0d447b4d51f0e7c448efaa376978",
    "prim": "4a198f2e26b00ded555f03403e69b5e23c206586ca44835f3f367b2a70619fcb",
    "kruskal": "87c42a0bb879fef860da4fb823ff1c40846574498d23b121e43848266840f0e2",
    "wilson": "0b321fc331ef20bc2fa5d1551f53ab722d77186642279c5fc1f3850a5fbbed40",
    "division": "9e47434e85bf9a912f6920ea0f1f6928110b32344a925fa926de55265b1484ce",
    "percolation": "13ea7c31041819f6dceb1bdd8d1ec646aafcffe2704b951a0938b87b9029e2d3",
    "braided": "7693022610ea46dfcff800d59380f5c5d2da8ba20c500692c8d48f184e4c6044",
}


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_seed_gives_the_same_maze_for_ever(generator):
    total = hashlib.sha256()
    for rows, cols, seed in [(2, 5, 0), (5, 5, 1), (4, 9, 2**64 - 1), (20, 20, 12345), (200, 200, 3)]:
        total.update(generate(generator, rows, cols, seed).digest().encode())
    assert total.hexdigest() == GOLDEN[generator]


def test_a_maze_does_not_hang_on_the_others_of_its_batch():
    for generator in GENERATORS:
        together = batch(generator, 6, 7, [5, 6, 5, 2**63])
        assert np.array_equal(together[0], together[2])
        for walls, seed in zip(together, [5, 6, 5, 2**63], strict=True):
            assert np.array_equal(walls, batch(generator, 6, 7, [seed])[0])
            assert np.array_equal(walls, batch(generator, 6, 7, np.array([seed], np.uint64))[0])
    assert batch("dfs", 4, 4, []).shape == (0, 4, 4)


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_goal_is_as_far_away_as_asked(generator):
    for seed in range(50):
        maze = generate(generator, 8, 8, seed, at_least=6)
        assert distances(maze.walls, maze.start)[maze.goal] >= 6


@pytest.mark.parametrize("policy", POLICIES)
def test_the_ends_stand_where_the_policy_says(policy):
    seen = set()
    for seed in range(200):
        maze = (
            generate("percolation", 6, 6, seed, endpoints=policy, share=0.4)
            if policy == "apart"
            else generate("dfs", 6, 6, seed, endpoints=policy)
        )
        seen |= {maze.start, maze.goal}
        away = distances(maze.walls, maze.start)[maze.goal]
        assert (away < 0) == (policy == "apart")
        for cell in (maze.start, maze.goal):
            if policy == "corners":
                assert set(cell) <= {0, 5}
            elif policy == "dead-ends":
                assert maze.walls[cell] in (7, 11, 13, 14)
    assert len(seen) == (4 if policy == "corners" else 36)


def test_starts_and_goals_are_spread_evenly():
    starts = Counter(generate("wilson", 3, 3, seed).start for seed in range(9_000))
    goals = Counter(generate("wilson", 3, 3, seed).goal for seed in range(9_000))
    assert chisquare(list(starts.values())).pvalue > 0.001 < chisquare(list(goals.values())).pvalue


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generator": "eller"}, "choose one of dfs, prim, kruskal"),
        ({"rows": 1}, "2 to 200"),
        ({"cols": 201}, "2 to 200"),
        ({"rows": 2, "cols": 2, "at_least": 9}, "9 or more moves apart: allow a smaller distance"),
        ({"endpoints": "apart"}, "two regions with no path between them"),
        ({"endpoints": "middle"}, "choose one of random, corners"),
        ({"share": 0.5}, "dfs takes no share; percolation, braided do"),
        ({"generator": "braided", "share": 1.5}, "from 0 to 1, not 1.5"),
        ({"seed": -1}, "an integer from 0 to"),
        ({"seed": 2**64}, "an integer from 0 to"),
    ],
)
def test_impossible_requests_say_what_is_possible(arguments, message):
    with pytest.raises(MazeError, match=message):
        generate(**{"generator": "dfs", "rows": 5, "cols": 5, "seed": 0, **arguments})
