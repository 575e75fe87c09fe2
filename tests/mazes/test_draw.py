import inspect
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes import draw as room
from benchmark.mazes.draw import DRAWINGS, Glyphs, draw, guess, read
from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import batch, generate
from benchmark.mazes.maze import Maze

from .strategies import mazes, seeds

drawings = st.sampled_from(sorted(DRAWINGS))

BLOCK = """\
#######
#S    #
# ### #
# #  G#
#######"""
MAZE = read(BLOCK, "block")


@given(mazes, drawings)
def test_a_drawing_is_read_back_as_the_same_maze(maze, drawing):
    assert read(draw(maze, drawing), drawing) == maze
    assert read("\n" + draw(maze, drawing) + "\n") == maze  # the style is guessed


@given(mazes, st.sampled_from(["block", "spaced"]), seeds)
def test_a_drawing_with_random_glyphs_is_read_back_too(maze, drawing, seed):
    chosen = Glyphs.random(str(seed))
    text = draw(maze, drawing, chosen)
    assert read(text, drawing, chosen) == maze
    assert set(text) <= {*chosen.all, "\n", " "}


def test_glyphs_belong_to_their_seed_and_differ():
    assert Glyphs.random("a") == Glyphs.random("a")
    assert len({Glyphs.random(str(seed)) for seed in range(100)}) == 100


def test_cut_off_cells_and_regions_are_read_back_in_every_drawing():
    """Walls that leave cells alone, whole rows of them: the size must not get lost."""
    for walls in (np.array([[7, 11, 15], [15, 15, 15]], np.uint8), *batch("percolation", 5, 6, range(40), 0.2)):
        for drawing in DRAWINGS:
            maze = Maze(walls, (0, 0), (1, 2))
            assert read(draw(maze, drawing), drawing) == maze


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_each_file_shows_its_own_drawing(drawing):
    lines = inspect.getdoc(getattr(room, drawing)).split("\n\n")[1].split("\n")
    text = " ".join(lines) if drawing == "coordinates" else "\n".join(lines)
    assert draw(MAZE, drawing) == text


@given(mazes, drawings, st.data())
def test_a_spoilt_drawing_is_an_error_or_another_maze(maze, drawing, data):
    text = draw(maze, drawing)
    at = data.draw(st.integers(0, len(text) - 1))
    spoilt = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    try:
        found = read(spoilt, drawing)
    except MazeError:
        assert spoilt != text
    else:
        # blanks between the tokens of a list of neighbours say nothing
        assert (found == maze) == (spoilt == text) or (drawing == "coordinates" and spoilt.split() == text.split())


@given(mazes, drawings, st.data())
def test_a_cut_drawing_is_an_error(maze, drawing, data):
    text = draw(maze, drawing)
    with pytest.raises(MazeError):
        read(text[: data.draw(st.integers(1, len(text) - 2))], drawing)


@given(st.text(), st.sampled_from([*sorted(DRAWINGS), *room.PEERS, None]))
def test_any_text_is_a_drawing_or_a_clear_error(text, drawing):
    with suppress(MazeError):
        read(text, drawing)


COORDINATES = draw(MAZE, "coordinates")
WALLS = draw(MAZE, "walls")


@pytest.mark.parametrize(
    ("drawing", "text", "message"),
    [
        ("block", BLOCK.replace("S", "x"), r"line 2, column 2: expected ' ', 'S' or 'G', found 'x'"),
        ("block", BLOCK.replace("S", " "), "no S"),
        ("block", BLOCK.replace("G", "S"), "line 4, column 6: a second S, in row 1, column 2"),
        ("block", BLOCK[:-1], "line 5: expected 7 characters, found 6"),
        ("block", "#" + BLOCK[1:].replace("#", "", 1), "an odd number of lines and of characters"),
        ("block", BLOCK.replace("# ### #", "#  ## #"), "line 3, column 3: expected '#', found ' '"),
        ("compact", draw(MAZE, "compact")[1:], "3 lines, the first of 8 characters: expected 2 lines or more"),
        (
            "boxes",
            draw(MAZE, "boxes").replace("+--+--+--+", "+--+-++--+", 1),
            "line 1, column 6: expected",
        ),
        ("unicode", draw(MAZE, "unicode").replace("┐", "┤", 1), "expected '┐', found '┤'"),
        ("coordinates", COORDINATES.replace(";", ",", 1), "expected ;, found ','|expected <--> or ;, found ','"),
        ("coordinates", COORDINATES.replace("(0,0) <--> (0,1)", "(0,0) <--> (1,1)"), "are not neighbours"),
        ("coordinates", COORDINATES.replace("(0,0) <--> (1,0) ;", ""), "1 of the 2x3 cells are missing"),
        (
            "coordinates",
            COORDINATES.replace(" <ADJLIST_END>", ""),
            "a cell such as .*, found '<ORIGIN_START>'",
        ),
        ("walls", WALLS.replace("_wall", "_fence", 1), r"line 1, column 1: expected a cell such as"),
        ("walls", WALLS.replace("target", "origin"), "a second origin"),
        ("walls", WALLS.replace("\n", "", 1), "line 1, column"),
        ("walls", WALLS.replace("<|down_left_right_wall|>", "<|down_left_wall|>"), "disagree"),
        ("cuneiform", BLOCK, "choose one of compact, block"),
        (None, "hello", "no drawing of a maze begins with 'hello'"),
    ],
)
def test_a_bad_drawing_is_an_error_that_says_where(drawing, text, message):
    with pytest.raises(MazeError, match=message):
        read(text, drawing)


MAZE_DATASET = """\
#######
#S#   #
#X### #
#XXXXE#
#######"""
ASCII_MAZE_BENCHMARK = """\
START
 v
# #######
#       #
# ##### #
# #     #
# #######
#       #
####### #
       ^
       FINISH"""


def test_the_drawings_of_the_peers_are_read():
    maze = read(MAZE_DATASET)
    assert guess(MAZE_DATASET) == "maze-dataset"
    assert draw(maze, "block") == MAZE_DATASET.replace("X", " ").replace("E", "G")
    maze = read(ASCII_MAZE_BENCHMARK)
    assert guess(ASCII_MAZE_BENCHMARK) == "ascii-maze-benchmark"
    assert (maze.rows, maze.cols, maze.start, maze.goal) == (3, 4, (0, 0), (2, 3))
    assert draw(maze, "block").splitlines()[1:6:2] == ["#S      #", "# #     #", "#      G#"]


@pytest.mark.parametrize(
    ("drawing", "chosen", "message"),
    [
        ("compact", Glyphs("x", "y", "a", "b"), "compact takes no glyphs; block and spaced do"),
        ("cuneiform", None, "choose one of"),
    ],
)
def test_what_cannot_be_drawn_is_refused(drawing, chosen, message):
    with pytest.raises(MazeError, match=message):
        draw(generate("dfs", 2, 2, 0), drawing, chosen)


def test_glyphs_are_four_different_characters():
    with pytest.raises(MazeError, match="four different characters"):
        Glyphs("x", "x", "a", "b")
    with pytest.raises(MazeError, match=r"line 1, column 1: expected one of .*, found '#'"):
        read(BLOCK, "block", Glyphs("x", "y", "a", "b"))
