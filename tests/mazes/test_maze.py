import numpy as np
import pytest

from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import generate
from benchmark.mazes.maze import DOWN, Maze


def test_equal_mazes_are_one_key():
    one, same, other = (generate("dfs", 4, 4, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert len({one, same, other}) == 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda walls: walls.__setitem__((0, 0), 0), "top border is open"),
        (lambda walls: walls.__setitem__((1, 1), walls[1, 1] ^ DOWN), r"below \(1,1\) disagree"),
    ],
)
def test_impossible_walls_are_refused(spoil, message):
    maze = generate("dfs", 3, 4, 7)
    walls = maze.walls.copy()
    spoil(walls)
    with pytest.raises(MazeError, match=message):
        Maze(walls, maze.start, maze.goal)


@pytest.mark.parametrize(("start", "goal"), [((0, 0), (0, 0)), ((0, 0), (3, 0)), ((0, -1), (0, 0))])
def test_impossible_ends_are_refused(start, goal):
    with pytest.raises(MazeError):
        Maze(generate("dfs", 3, 4, 7).walls, start, goal)


def test_walls_of_another_type_are_refused():
    with pytest.raises(MazeError, match="uint8"):
        Maze(np.full((3, 3), 15), (0, 0), (1, 1))
