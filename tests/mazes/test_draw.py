import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.draw import DRAWINGS, draw, read
from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import generate
from benchmark.mazes.suite import Case

from .strategies import mazes

BLOCK = """\
#########
#   # # #
# ### # #
#       #
# ### ###
#G# # # #
# # # # #
# #  S  #
#########"""
COMPACT = """\
 ___________
|   __|  |  |
|   ___   __|
|G |  |  |  |
|__|___S____|"""


@given(mazes, st.sampled_from(sorted(DRAWINGS)))
def test_a_drawing_is_read_back_as_the_same_maze(maze, drawing):
    assert read(draw(maze, drawing), drawing) == maze


@pytest.mark.parametrize(("drawing", "text"), [("block", BLOCK), ("compact", COMPACT)])
def test_drawings_look_as_they_should(drawing, text):
    assert draw(Case("tiny", "wilson", 0).maze, drawing) == text


@given(mazes, st.sampled_from(sorted(DRAWINGS)), st.data())
def test_a_spoilt_drawing_is_an_error_or_another_maze(maze, drawing, data):
    text = draw(maze, drawing)
    at = data.draw(st.integers(0, len(text) - 1))
    spoilt = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    try:
        found = read(spoilt, drawing)
    except MazeError:
        assert spoilt != text
    else:
        assert (found == maze) == (spoilt == text)


@pytest.mark.parametrize(
    ("drawing", "text", "message"),
    [
        ("block", BLOCK.replace("S", "x"), r"line 8, column 6: 'x' where one of ' SG' was expected"),
        ("block", BLOCK.replace("S", " "), "no S"),
        ("block", BLOCK.replace("G", "S"), "a second S"),
        ("block", BLOCK[:-1], "line 9 has 8 characters where 9"),
        ("block", "##\n##", "odd number of lines"),
        ("compact", COMPACT.replace("S", "G"), "a second G"),
        ("compact", COMPACT[1:], "line 1"),
        ("compact", COMPACT.replace("S____|", "S___ |"), "line 5, column 12"),
        ("cuneiform", BLOCK, "choose one of block, compact"),
    ],
)
def test_a_bad_drawing_is_an_error_that_says_where(drawing, text, message):
    with pytest.raises(MazeError, match=message):
        read(text, drawing)


def test_an_unknown_drawing_is_refused():
    with pytest.raises(MazeError, match="choose one of"):
        draw(generate("dfs", 2, 2, 0), "cuneiform")
