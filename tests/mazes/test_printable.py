from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.printable import encodable, printable


@given(st.text(st.characters(codec=None)))
def test_what_is_made_fit_can_be_encoded_and_moves_no_cursor(text):
    encodable(text).encode()
    shown = printable(text)
    shown.encode()
    assert all(char in "\n\t" or char.isprintable() or char.isspace() or ord(char) >= 0xA0 for char in shown)
    assert printable(shown) == shown


def test_plain_text_stays_as_it_is():
    text = "└ café 迷宮 🙂\n\tanswer: U R"
    assert encodable(text) == printable(text) == text


def test_an_error_shows_no_escape_sequence():
    error = CheckpointError("no checkpoint '\x1b[31mred\x1b[0m\u202egnp' \ud800")
    assert str(error) == "no checkpoint '\\x1b[31mred\\x1b[0m\\u202egnp' \ufffd"
