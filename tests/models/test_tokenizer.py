import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.draw import draw
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.prompt import PromptOptions, prompt
from models.data import formats
from models.nano import tokenizer as nano

from ..mazes.strategies import mazes

tokenizer = nano.build()


def ids(text):
    return tokenizer(text)["input_ids"]


@given(mazes, st.sampled_from(["block", "compact"]))
def test_questions_and_replies_survive_the_round_trip(maze, drawing):
    for text in (prompt(maze, PromptOptions(drawing)), formats.build_example(maze)[1]):
        assert tokenizer.decode(ids(text)) == text
        assert tokenizer.unk_token_id not in ids(text)


@given(mazes)
def test_a_cell_of_the_compact_drawing_is_one_token_in_its_place(maze):
    tokens = ids(draw(maze, "compact") + "\n")
    at = 1 + maze.start[0] * maze.cols + maze.start[1]
    assert tokenizer.convert_ids_to_tokens(tokens[at]).startswith("S")
    assert len(tokens) == 1 + maze.rows * maze.cols + 1


@given(st.text("".join(map(chr, range(32, 127))) + "\n"))
def test_any_ascii_text_survives_the_round_trip(text):
    assert tokenizer.decode(ids(text)) == text


def test_foreign_characters_are_unknown_and_no_error():
    assert tokenizer.decode(ids("labirinto é")) == "labirinto <unk>"


@pytest.mark.parametrize("drawing", ["block", "compact"])
def test_a_prompt_is_short(drawing):
    for tier in SUITE.tiers:
        size = SUITE.groups[tier].rows
        least = size * size if drawing == "compact" else size * (2 * size - 1)
        assert len(ids(prompt(SUITE.cases(tier)[0].maze, PromptOptions(drawing)))) <= least + 10


def test_it_is_the_same_after_saving(tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path)
    text = prompt(SUITE.cases("medium")[0].maze, PromptOptions("block"))
    assert AutoTokenizer.from_pretrained(tmp_path)(text)["input_ids"] == ids(text)
