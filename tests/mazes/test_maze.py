import numpy as np
import pytest

from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import generate
from benchmark.mazes.maze import DOWN, MOVES, OPPOSITE, Maze, follow, open_moves, step


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


def test_a_maze_is_walked_cell_by_cell():
    maze = generate("dfs", 3, 4, 5)
    cells = list(maze.cells())
    assert cells[0] == (0, 0)
    assert cells[-1] == (2, 3)
    assert len(cells) == len(set(cells)) == 12
    for cell in cells:
        assert maze.contains(cell)
        assert maze.open_moves(cell) == open_moves(maze.walls, cell)
        for move, (side, _) in MOVES.items():
            there = maze.step(cell, move)
            if maze.walls[cell] & side:
                assert there == cell
            else:
                assert there == step(cell, move)
                assert maze.step(there, OPPOSITE[move]) == cell
    assert not any(maze.contains(cell) for cell in ((-1, 0), (0, -1), (3, 0), (0, 4)))
    assert follow((0, 0), "RDLU") == [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]
