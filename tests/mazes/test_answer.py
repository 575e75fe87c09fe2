import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.answer import Answer, cells, read, write

moves = st.text("UDLR", min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("answer: (5,5) (5,6) (6,6)", "RD"),
        ("answer: (5,6) (6,6)", "RD"),  # S left out
        ("answer: S (5,5) (5,6) G (6,6)", "RD"),
        ("Answer:\n\n  (5,5) -> (5,6) -> (6,6)\n", "RD"),
        ("(5,5), (5,6), (6,6)", "RD"),
        ("RD", "RD"),
        ("R D", "RD"),
        ("r, d", "RD"),
        ("answer: right down", "RD"),
        ("answer: **R D**", "RD"),
        ("answer: `R D`.", "RD"),
        ("first I thought answer: U U\nbut no, answer: R D\nthat is all", "RD"),
        ("from (5,5) to (6,6)\nanswer: (5,5) (5,6) (6,6)", "RD"),
        ("answer: (5,5) (4,5)", "U"),
    ],
)
def test_answers_that_can_be_read(reply, expected):
    assert read(reply, (5, 5)) == Answer(expected)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("go right, then down", "no answer"),
        ("for move in 'RD': walk(move)", "no answer"),
        ("answer: I would go right and down", "malformed"),
        ("answer:", "malformed"),
        ("answer: R D\nor rather\nanswer: dunno", "malformed"),
        ("answer: RDX", "malformed"),
        ("answer: (5,5) (6,6)", "jump"),
        ("answer: (5,5) (5,5)", "jump"),
        ("answer: (0,0) (0,1)", "start"),
        ("answer: (5,99999999999)", "malformed"),
    ],
)
def test_replies_that_hold_no_answer_say_why(reply, why):
    assert read(reply, (5, 5)) == Answer(None, why)


def test_an_answer_that_was_cut_off_is_not_trusted():
    assert read("answer: R D", (5, 5), truncated=True) == Answer(None, "truncated")
    assert read("", (5, 5), truncated=True) == Answer(None, "truncated")
    assert read("let me think", (5, 5), truncated=True) == Answer(None, "truncated")
    assert read("answer: R D\nAnd now to", (5, 5), truncated=True) == Answer("RD")


@given(moves, st.tuples(st.integers(20, 60), st.integers(20, 60)))
def test_what_is_written_is_read_back(walked, start):
    assert read(write(start, walked), start) == Answer(walked)
    assert len(cells(start, walked)) == len(walked) + 1


@given(st.text(), st.booleans())
def test_any_text_is_read_without_an_error(text, truncated):
    for reply in (text, "answer:" + text):
        answer = read(reply, (0, 0), truncated)
        assert (answer.moves is None) == bool(answer.why)


@pytest.mark.parametrize("unit", ["answer:", "(1,1) ", "R ", "- ", "( ", "1", "up", "answer : ", " \n", "(1 , "])
def test_a_megabyte_of_anything_is_read_in_no_time(unit):
    # a quadratic reader would take hours here, so that the test would not end
    read(unit * (1_000_000 // len(unit)), (1, 1))
    read("answer:" + unit * (1_000_000 // len(unit)), (1, 1))
