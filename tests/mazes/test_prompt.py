"""Prompt and scorer agree: what the prompt shows as right is read, walked and scored as right."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.answer import read as read_answer
from benchmark.mazes.draw import DRAWINGS, Glyphs
from benchmark.mazes.draw import read as read_drawing
from benchmark.mazes.errors import MazeError
from benchmark.mazes.prompt import (
    EXAMPLE,
    LANGUAGES,
    PROMPT_STYLES,
    WORDINGS,
    PromptOptions,
    digest_prompt,
    ending,
    prompt,
)
from benchmark.mazes.prompt.examples import write_reply
from benchmark.mazes.score import score
from benchmark.mazes.split import reserved

from .strategies import mazes

GLYPHS = Glyphs("x", "o", "$", "%")
askings = st.builds(
    PromptOptions,
    st.sampled_from(list(DRAWINGS)),
    st.just("chat"),
    st.sampled_from(list(LANGUAGES)),
    st.integers(0, 3),
    st.booleans(),
)


def _mazes_in(text, drawing, glyphs=None):
    """Every drawing in a text, read back: runs of lines that are a drawing from the first to the last."""
    lines, found = text.split("\n"), []
    while lines:
        for end in range(len(lines), 0, -1):
            try:
                found.append(read_drawing("\n".join(lines[:end]), drawing, glyphs))
            except MazeError:
                continue
            lines = lines[end - 1 :]
            break
        lines = lines[1:]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("reasoning", [False, True])
def test_the_worked_example_is_right(drawing, language, reasoning):
    asking = PromptOptions(drawing, "chat", language, reasoning=reasoning)
    system = prompt(EXAMPLE, asking)[0]["content"]
    (shown,) = _mazes_in(system, drawing)
    answered = system.split("\n\n")[-1]
    assert score(shown, read_answer(answered, shown).strict).outcome == "optimal"
    assert "{" not in system


@given(mazes.filter(lambda maze: maze.walls.size >= 16), askings)
def test_the_question_shows_the_maze_and_each_shot_its_right_reply(maze, asking):
    messages = prompt(maze, asking)
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * asking.shots, "user"]
    assert _mazes_in(messages[-1]["content"], asking.drawing) == [maze]
    for question, answered in zip(messages[1:-1:2], messages[2::2], strict=True):
        (shot,) = _mazes_in(question["content"], asking.drawing)
        assert shot.walls.shape == maze.walls.shape
        assert not reserved(shot.walls[None])[0]  # no example is a case of a suite
        assert score(shot, read_answer(answered["content"], shot).strict).outcome == "optimal"
        assert answered["content"] == write_reply(shot, asking)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_the_plain_question_shows_the_maze_too(drawing, language):
    text = prompt(EXAMPLE, PromptOptions(drawing, "plain", language))
    assert _mazes_in(text, drawing) == [EXAMPLE]
    with_shots = prompt(EXAMPLE, PromptOptions(drawing, "plain", language, shots=2))
    first, second, asked = _mazes_in(with_shots, drawing)
    assert asked == EXAMPLE != first != second
    assert with_shots.endswith(text)
    assert LANGUAGES[language].TAG in text
    assert LANGUAGES[language].UNREACHABLE in text


def test_the_legend_of_glyphs_says_what_they_are():
    for style in PROMPT_STYLES:
        text = json.dumps(prompt(EXAMPLE, PromptOptions("block", style), GLYPHS))
        assert "x is a wall, o is open; S is drawn as $ and G as %." in text
        assert "#" not in text
        assert _mazes_in(json.loads(text)[-1]["content"] if style == "chat" else json.loads(text), "block", GLYPHS)


def test_the_unreachable_answer_that_is_asked_for_is_read_in_every_language():
    for words in LANGUAGES.values():
        for text in (words.QUESTION, words.FORM, words.MOVES, words.CELLS):
            assert words.UNREACHABLE in text
        assert read_answer(f"{words.TAG} {words.UNREACHABLE}", EXAMPLE).strict.why == "unreachable"


def test_the_moves_are_said_as_they_are_scored():
    """U is row-1, and so on, in both languages."""
    for words in LANGUAGES.values():
        said = dict(re.findall(r"\b([UDLR])\b[^,.]*?\b[rcl]([-+]1)", words.RULES))
        assert said == {"U": "-1", "D": "+1", "L": "-1", "R": "+1"}


def test_the_languages_say_the_same_things():
    names = [{name for name in vars(words) if name.isupper()} for words in LANGUAGES.values()]
    assert names[0] == names[1]
    for words in LANGUAGES.values():
        assert words.NAME
    for drawing in DRAWINGS.values():
        assert drawing.legends.keys() == LANGUAGES.keys()


def test_each_way_of_asking_has_its_digest():
    ways = [
        PromptOptions(),
        PromptOptions("block"),
        PromptOptions(prompt_style="chat"),
        PromptOptions(prompt_style="chat", language="pt"),
        PromptOptions(shots=1),
        PromptOptions(prompt_style="chat", reasoning=True),
        *(
            PromptOptions(prompt_style=style, wording=wording)
            for style in PROMPT_STYLES
            for wording in WORDINGS
            if wording != "v1" and (style, wording) != ("plain", "v7")  # which is v5
        ),
    ]
    assert len({digest_prompt(way) for way in ways}) == len(ways)
    assert digest_prompt(PromptOptions()) == digest_prompt(PromptOptions())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompt_style": "song"}, "unknown prompt 'song': choose one of plain, chat"),
        ({"language": "de"}, "unknown language 'de': choose one of en, pt"),
        ({"drawing": "runes"}, "unknown drawing 'runes'"),
        ({"shots": -1}, "0 or more examples, not -1"),
        ({"reasoning": True}, "in the chat prompt only"),
        ({"wording": "v0"}, "unknown wording 'v0': choose one of v1, v2"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, message):
    with pytest.raises(MazeError, match=message):
        PromptOptions(**arguments)


def test_a_system_prompt_of_the_user_replaces_ours_and_the_empty_one_leaves_it_out():
    asking = PromptOptions(prompt_style="chat", system_prompt="You are terse.")
    first, last = prompt(EXAMPLE, asking)
    assert first == {"role": "system", "content": "You are terse."}
    assert last == prompt(EXAMPLE, PromptOptions(prompt_style="chat"))[-1]
    assert [message["role"] for message in prompt(EXAMPLE, PromptOptions(prompt_style="chat", system_prompt=""))] == [
        "user"
    ]
    assert PromptOptions.from_record(asking.record()) == asking
    assert "system_prompt" not in PromptOptions(prompt_style="chat").record()
    with pytest.raises(MazeError, match="chat prompt only"):
        PromptOptions(system_prompt="You are terse.")


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_next_question_of_a_plain_prompt_ends_a_reply(language, wording):
    asking = PromptOptions(language=language, shots=2, wording=wording)
    (stop,) = ending(asking).stop
    assert prompt(EXAMPLE, asking).count(stop) == 3
    assert prompt(EXAMPLE, asking).startswith(stop)
    assert not ending(PromptOptions(prompt_style="chat", language=language)).stop


@pytest.mark.parametrize(
    ("style", "language", "reasoning", "digest"),
    [
        ("plain", "en", False, "e2683f6282bce8a3"),
        ("chat", "en", False, "2e5d4c53d483c767"),
        ("chat", "en", True, "b5a383f786c2f9c8"),
        ("plain", "pt", False, "8adabe14ea809b2b"),
        ("chat", "pt", False, "3f27c2986745d6b7"),
        ("chat", "pt", True, "370205ad4753ea69"),
    ],
)
def test_the_first_wording_never_changes(style, language, reasoning, digest):
    """Models are trained on it, and saved runs are compared by this digest."""
    asking = PromptOptions(prompt_style=style, language=language, shots=1, reasoning=reasoning)
    assert digest_prompt(asking).startswith(digest)
    assert "wording" not in asking.record()


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_each_wording_shows_the_maze_and_right_replies_to_its_examples(drawing, language, wording):
    asking = PromptOptions(drawing, "chat", language, wording=wording)
    assert PromptOptions.from_record(asking.record()) == asking
    for shots in (0, 2):
        messages = prompt(EXAMPLE, replace(asking, shots=shots))
        text = "\n".join(message["content"] for message in messages)
        assert "{" not in text
        assert LANGUAGES[language].TAG in text
        assert LANGUAGES[language].UNREACHABLE in text
        assert _mazes_in(messages[-1]["content"], drawing)[-1] == EXAMPLE
        turns = [message for message in messages if message["role"] != "system"]
        for question, answered in zip(turns[:-1:2], turns[1::2], strict=True):
            (shot,) = _mazes_in(question["content"], drawing)
            assert score(shot, read_answer(answered["content"], shot).strict).outcome == "optimal"
        plain = prompt(EXAMPLE, replace(asking, prompt_style="plain", shots=shots))
        assert _mazes_in(plain, drawing)[-1] == EXAMPLE
        assert LANGUAGES[language].UNREACHABLE in plain


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plain_prompt_that_ends_with_the_tag_says_that_the_reply_begins_with_it(language):
    for wording, words in WORDINGS.items():
        asking = PromptOptions(language=language, wording=wording, shots=1)
        text, prefix = prompt(EXAMPLE, asking), ending(asking).prefix
        assert prefix == (LANGUAGES[language].TAG if words.ends_with_tag else "")
        assert text.endswith(prefix)
        # the solved example goes on after the same beginning
        assert prefix + " " in text


@pytest.mark.parametrize("wording", [name for name, words in WORDINGS.items() if not words.has_system])
def test_a_wording_without_system_message_has_none_unless_the_user_gives_one(wording):
    asking = PromptOptions(prompt_style="chat", wording=wording)
    assert "system" not in [message["role"] for message in prompt(EXAMPLE, asking)]
    first, second, *_ = prompt(EXAMPLE, replace(asking, system_prompt="You are terse."))
    assert first == {"role": "system", "content": "You are terse."}
    assert second == prompt(EXAMPLE, asking)[0]
