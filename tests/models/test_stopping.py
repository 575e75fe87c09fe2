"""Where a reply ends before its limit, against the plainest definitions."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.answer import find_end_of_answer, read
from benchmark.mazes.answer.thoughts import find_open_thought, find_opening, is_mark, remove_thoughts
from benchmark.mazes.labirinto_v1 import SUITE
from models.model_options import GenerationOptions
from models.stopping import REPETITIONS, Repetition, ReplyWatch
from models.thinking import EVERY, ThinkingBudget


@dataclass(frozen=True)
class Asked:
    """As much of a request as is watched."""

    generation: GenerationOptions
    temperature: float = 0.0
    loop_tokens: int = 12


def decode(ids):
    return "".join(map(chr, ids))


def encode(text):
    return list(map(ord, text))


def watched(text, temperature=0.0, **options):
    """The reply to which a text is cut, one token a character, and whether it was ended."""
    watch = ReplyWatch(Asked(GenerationOptions(**options), temperature), decode)
    is_over = any(watch.add(token) for token in encode(text))
    return watch.reply(truncated=not is_over), is_over


def ends_with_repetition(ids, tokens):
    """Whether there is a period that the last tokens have: so many of them, and at least REPETITIONS of it."""
    for period in range(1, len(ids)):
        length = max(tokens, REPETITIONS * period)
        last = ids[-length:]
        if len(last) == length and last[period:] == last[:-period]:
            return True
    return False


@given(
    start=st.lists(st.integers(0, 3), max_size=20),
    cycle=st.lists(st.integers(0, 2), min_size=1, max_size=6),
    times=st.integers(0, 12),
    end=st.lists(st.integers(0, 3), max_size=4),
    tokens=st.integers(2, 20),
)
def test_a_repetition_is_found_at_the_token_that_completes_it(start, cycle, times, end, tokens):
    ids = start + cycle * times + end
    repetition = Repetition(tokens)
    for length, token in enumerate(ids, 1):
        assert repetition.add(token) == ends_with_repetition(ids[:length], tokens)


@given(st.text("abx\n", max_size=40), st.lists(st.text("abx\n", min_size=1, max_size=4), min_size=1, max_size=3))
def test_a_reply_ends_before_the_first_stop_text(text, stop):
    reply, is_over = watched(text, stop=tuple(stop))
    ends = [text.find(one) + len(one) for one in stop if one in text]
    shown = text[: min(ends, default=len(text))]  # as much as is generated until one of them is complete
    assert reply.text == shown[: min((shown.find(one) for one in stop if one in shown), default=len(shown))]
    assert is_over == bool(ends)
    assert reply.truncated == (not is_over)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("answer: R D\nFind a shortest path", "answer: R D"),
        ("Let me see.\nanswer: R D\n\n", "Let me see.\nanswer: R D"),
        ("answer:\nR D\nanswer: U\n", "answer:\nR D"),
        ("answer: unreachable\nBecause", "answer: unreachable"),
        ("answer: `R D`\nDone", "answer: `R D`"),
        ("<think>answer: U\nno</think>\nanswer: R\nx", "<think>answer: U\nno</think>\nanswer: R"),
        ("resposta: R D\nEncontre", "resposta: R D"),
    ],
)
def test_a_reply_ends_with_the_line_of_its_answer(text, kept):
    reply, is_over = watched(text, ends_with_answer=True)
    assert (reply.text, is_over, reply.truncated) == (kept, True, False)
    assert kept == text[: find_end_of_answer(text[: reply.tokens])]


@pytest.mark.parametrize(
    "text",
    [
        "answer: R D",  # the line may go on
        "I write answer: and then the moves\n",
        "<think>answer: U\nand so on\n",
        "The answer is R D\n",
        'Write "answer:" and then the moves.\n',
    ],
)
def test_a_reply_without_a_whole_line_of_an_answer_goes_on(text):
    reply, is_over = watched(text, ends_with_answer=True)
    assert (reply.text, is_over) == (text, False)


def test_what_the_prompt_has_begun_is_a_part_of_the_reply():
    reply, is_over = watched(" R D\nFind", prefix="answer:", ends_with_answer=True)
    assert (reply.text, is_over) == ("answer: R D", True)
    assert reply.tokens == len(" R D\n")


def test_greedy_replies_that_repeat_themselves_are_cut_off_and_sampled_ones_are_not():
    reply, is_over = watched("answer: " + "RDLU" * 9, ends_loops=True)
    assert is_over
    assert reply.looped
    assert reply.truncated
    assert reply.tokens == len("answer: ") + 12
    reply, is_over = watched("answer: " + "RDLU" * 9, temperature=1.0, ends_loops=True)
    assert (reply.tokens, reply.looped, is_over) == (len("answer: ") + 36, False, False)


@given(st.text("RDLU \n", min_size=1, max_size=8), st.text("answer: RD\n<think>", max_size=30), st.integers(1, 5))
def test_the_rest_of_a_loop_answers_nothing_else(cycle, start, more):
    """What is read of a reply that was ended in a loop is what is read of it at its limit."""
    maze = SUITE.cases("tiny")[0].maze
    text = start + cycle * (40 // len(cycle) + more)
    reply, _ = watched(text, ends_loops=True)
    if reply.looped and read(text, maze, truncated=True).strict.is_readable:
        whole, cut = (read(one, maze, truncated=True).strict for one in (text, reply.text))
        assert cut == whole or not cut.is_readable


def test_nothing_ends_a_reply_without_rules():
    text = "answer: R\n" * 30
    reply, is_over = watched(text)
    assert (reply.text, reply.truncated, is_over) == (text, True, False)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("[THINK]", "[/THINK]"),
        ("<seed:think>", "</seed:think>"),
        ("<reasoning>", "</reasoning>"),
        ("◁think▷", "◁/think▷"),
        ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<unused94>thought", "<unused95>"),
        ("Here is my thought process:", "Here is my response:"),
    ],
)
def test_a_thought_that_has_used_up_its_budget_is_closed(opening, closing):
    budget = ThinkingBudget(GenerationOptions(thinking_budget=60), decode, encode)
    text = f"{opening}first up, then down".ljust(60, ".")
    assert not budget.closing(encode(text[:-1]))
    written = text + decode(budget.closing(encode(text)))
    assert closing in written
    assert remove_thoughts(f"{written}answer: R")[0].strip() == "answer: R"
    assert not budget.closing(encode(written.ljust(60 + 4 * EVERY, ".")))


def test_a_thought_that_the_prompt_has_begun_is_closed_too():
    budget = ThinkingBudget(GenerationOptions(thinking_budget=4, prefix="<think>\n"), decode, encode)
    assert decode(budget.closing(encode("Okay"))) == "\n</think>\n\n"
    assert not ThinkingBudget(GenerationOptions(thinking_budget=4), decode, encode).closing(encode("Okay"))


def test_the_mark_at_the_end_of_a_prompt_is_found():
    assert find_opening("<|im_start|>assistant\n<think>\n") == "<think>\n"
    assert find_opening("<|Assistant|><think>") == "<think>"
    assert find_opening("<|im_start|>assistant\n<think>\n\n</think>\n\n") == ""
    assert find_opening("Put your thoughts in <think>.<|im_end|>assistant\n") == ""
    assert find_open_thought("answer: R") is None
    assert is_mark("[THINK]")
    assert not is_mark("<|im_end|>")
