import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from benchmark.mazes.answer import Answer
from benchmark.mazes.errors import MazeError
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from benchmark.mazes.solve import distances, search, shortest_path

from .strategies import graph, mazes


@given(mazes)
def test_a_shortest_path_is_as_long_as_networkx_says_and_walks(maze):
    moves = shortest_path(maze)
    assert len(moves) == nx.shortest_path_length(graph(maze.walls), maze.start, maze.goal)
    assert score(maze, Answer(moves)).outcome == "optimal"


def test_no_way_is_an_error():
    walled = Maze(np.full((2, 2), 15, np.uint8), (0, 0), (1, 1))
    with pytest.raises(MazeError, match="no path leads"):
        shortest_path(walled)


@given(mazes)
def test_the_search_reaches_cells_in_the_order_of_their_distance_each_from_a_neighbour(maze):
    far, before = distances(maze.walls, maze.start), search(maze.walls, maze.start)
    assert before.pop(maze.start) is None
    assert len(before) == (far > 0).sum()
    order = [far[cell] for cell in before]
    assert order == sorted(order)
    for cell, earlier in before.items():
        assert far[earlier] == far[cell] - 1
        assert cell in {maze.step(earlier, move) for move in maze.open_moves(earlier)}
