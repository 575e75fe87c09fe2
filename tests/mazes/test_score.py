import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.answer import Answer
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import OUTCOMES, Score, score
from benchmark.mazes.solve import shortest_path

from .strategies import graph, mazes

STEPS = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}


def independent(maze, moves):
    """The outcome, worked out on a networkx graph."""
    ways = graph(maze.walls)
    passed = [maze.start]
    for move in moves:
        here = passed[-1]
        there = (here[0] + STEPS[move][0], here[1] + STEPS[move][1])
        if there not in ways:
            return "outside"
        if not ways.has_edge(here, there):
            return "wall"
        passed.append(there)
    if passed[-1] != maze.goal:
        return "overshot" if maze.goal in passed else "short"
    return "optimal" if len(moves) == nx.shortest_path_length(ways, maze.start, maze.goal) else "solved"


@given(mazes, st.data())
def test_the_outcome_is_that_of_an_independent_scorer(maze, data):
    right = shortest_path(maze)
    cut = data.draw(st.integers(0, len(right)))
    moves = right[:cut] + data.draw(st.text("UDLR", max_size=4)) + right[cut : data.draw(st.integers(cut, len(right)))]
    found = score(maze, Answer(moves))
    assert found.outcome == independent(maze, moves)
    assert found.outcome in OUTCOMES
    assert 0 <= found.prefix <= found.moves == len(moves)
    assert (found.spl > 0) == found.solved


def test_a_detour_is_solved_and_not_optimal():
    open_square = np.array([[5, 9], [6, 10]], np.uint8)  # no inner walls: a loop, and two shortest paths
    maze = Maze(open_square, (0, 0), (1, 1))
    assert score(maze, Answer("RD")).outcome == score(maze, Answer("DR")).outcome == "optimal"
    assert score(maze, Answer("RLDR")) == Score("solved", moves=4, prefix=4, shortest=2)
    assert score(maze, Answer("RLDR")).spl == 0.5
    assert score(maze, Answer("RDL")).outcome == "overshot"
    assert score(maze, Answer("R")).outcome == "short"
    assert score(maze, Answer("RR")) == Score("outside", moves=2, prefix=1, shortest=2)


@pytest.mark.parametrize(
    ("why", "outcome"),
    [("empty", "empty"), ("truncated", "truncated"), ("jump", "unreadable"), ("no answer", "unreadable")],
)
def test_no_moves_are_their_own_outcomes(why, outcome):
    maze = Maze(np.array([[7, 11]], np.uint8) & np.array([[7, 11]], np.uint8), (0, 0), (0, 1))
    assert score(maze, Answer(None, why)).outcome == outcome
