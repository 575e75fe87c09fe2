import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from benchmark.mazes.answer import Answer
from benchmark.mazes.errors import MazeError
from benchmark.mazes.maze import Maze
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path

from .strategies import graph, mazes


@given(mazes)
def test_a_shortest_path_is_as_long_as_networkx_says_and_walks(maze):
    moves = shortest_path(maze)
    assert len(moves) == nx.shortest_path_length(graph(maze.walls), maze.start, maze.goal)
    assert score(maze, Answer(moves)).outcome == "optimal"


def test_no_way_is_an_error():
    walled = Maze(np.full((2, 2), 15, np.uint8), (0, 0), (1, 1))
    with pytest.raises(MazeError, match="no way leads"):
        shortest_path(walled)
