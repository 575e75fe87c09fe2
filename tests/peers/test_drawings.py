"""What maze-dataset draws is read by us, and what we draw by maze-dataset. Runs in the environment of the peers."""

import numpy as np
import pytest

from benchmark.mazes.draw import draw, read
from benchmark.mazes.generate import GENERATORS, generate
from benchmark.mazes.solve import shortest_path

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the peers are not ours


def _same_walls(maze, connections):
    return np.array_equal(maze.walls & 2 == 0, connections[0]) and np.array_equal(maze.walls & 8 == 0, connections[1])


@pytest.mark.parametrize("size", range(3, 12))
@pytest.mark.parametrize("generator", ["gen_dfs", "gen_kruskal", "gen_wilson", "gen_dfs_percolation"])
def test_its_drawings_and_tokens_are_read(generator, size):
    from maze_dataset import SolvedMaze
    from maze_dataset.generation import LatticeMazeGenerators
    from maze_dataset.tokenization import MazeTokenizerModular

    options = {"p": 0.3} if "percolation" in generator else {}
    for _ in range(5):
        made = getattr(LatticeMazeGenerators, generator)(np.array([size, size]), **options)
        solved = SolvedMaze.from_lattice_maze(made, made.generate_random_path())
        for maze in (read(solved.as_ascii()), read(" ".join(solved.as_tokens(MazeTokenizerModular())))):
            assert _same_walls(maze, made.connection_list)
            assert (maze.start, maze.goal) == (tuple(solved.start_pos), tuple(solved.end_pos))
            assert len(shortest_path(maze)) == len(made.find_shortest_path(maze.start, maze.goal)) - 1


@pytest.mark.parametrize("generator", GENERATORS)
def test_our_drawings_are_read_there(generator):
    from maze_dataset import TargetedLatticeMaze

    for seed in range(20):
        maze = generate(generator, 6, 6, seed, at_least=3)
        theirs = TargetedLatticeMaze.from_ascii(draw(maze, "block").replace("G", "E"))
        assert _same_walls(maze, theirs.connection_list)
        assert (tuple(theirs.start_pos), tuple(theirs.end_pos)) == (maze.start, maze.goal)
