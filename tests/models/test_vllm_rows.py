"""A reply in the process of vLLM: where it ends, and how it goes on behind a thought. Each character is a token."""

import pytest

from models.engines.vllm_rows import Row

END = 0


def row(limit=100, temperature=0.0, **generation):
    watch = {"generation": generation, "temperature": temperature, "loop_tokens": 20}
    made = Row(7, {"ids": [1, 2], "sampling": {"max_tokens": limit}, "watch": watch}, [END])
    made.watch(lambda ids: "".join(map(chr, ids)), lambda text: [*map(ord, text)])
    return made


def feed(made, text, chunk=1):
    """Whether the reply is over after these characters, given to it `chunk` at a time."""
    ids = [*map(ord, text)]
    return any(made.add(ids[at : at + chunk], False) for at in range(0, len(ids), chunk))


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_what_is_generated_behind_the_end_is_dropped(chunk):
    made = row(stop=["\nQ:"])
    assert feed(made, "answer: R\nQ: and then?", chunk)
    reply = made.message()
    assert (reply["at"], reply["text"], reply["truncated"]) == (7, "answer: R", False)
    assert reply["tokens"] == len("answer: R\nQ:")


def test_the_end_of_the_model_and_of_the_limit_are_told_apart():
    ended, cut = row(stop=["Q:"]), row(stop=["Q:"], limit=9)
    assert ended.add([*map(ord, "answer: R"), END], True)
    assert cut.add([*map(ord, "answer: R")], True)
    assert [one.message()["truncated"] for one in (ended, cut)] == [False, True]


def test_a_greedy_reply_that_loops_is_ended():
    made = row(ends_loops=True)
    assert feed(made, "answer: " + "R L " * 20)
    assert made.message()["looped"]
    assert made.left > 50


def test_a_thought_beyond_its_budget_is_closed_and_the_rest_of_the_limit_left():
    made = row(limit=60, thinking_budget=16, prefix="<think>\n")
    assert not feed(made, "I go right twice")
    assert made.is_interrupted
    prompt = "".join(map(chr, made.prompt[2:]))
    assert prompt.startswith("I go right twice")
    assert prompt.rstrip().endswith("</think>")
    assert made.left == 60 - len(prompt)
    assert not made.add([*map(ord, "answer: R")], False)
    assert not made.is_interrupted
    assert made.add([END], True)
    assert made.message()["text"] == f"<think>\n{prompt}answer: R"


def test_a_thought_whose_end_does_not_fit_is_cut_off():
    made = row(limit=18, thinking_budget=16, prefix="<think>\n")
    assert feed(made, "I go right twice")
    reply = made.message()
    assert (reply["tokens"], reply["truncated"]) == (18, True)
