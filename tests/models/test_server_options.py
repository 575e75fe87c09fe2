"""What a user sets for a served model reaches the server, or is refused in words before anything is asked."""

from dataclasses import replace

import pytest

from benchmark.mazes.errors import CheckpointError
from models.engines import create_engine
from models.model_options import GenerationOptions, ModelOptions
from models.registry import served
from models.requests import Reply

from ..asking import requests
from .serving import asked, reply, serving


def sent(style="chat", **options):
    """The body of a request with these options, and the reply."""
    with serving(lambda handler, body, number: reply(handler, body)) as (endpoint, seen):
        (found,) = asked(endpoint, requests("tiny", 1, style=style, generation=GenerationOptions(**options)))
    return seen[0][1], found


def test_options_are_fields_of_the_request():
    body, _ = sent(
        stop=("a", "b", "c", "d", "e"),
        max_new_tokens=77,
        arguments={"top_p": 0.9, "min_p": 0.1},
        chat_template_args={"enable_thinking": False},
    )
    assert body["stop"] == ["a", "b", "c", "d"]  # servers take no more
    assert (body["max_tokens"], body["top_p"], body["min_p"]) == (77, 0.9, 0.1)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in sent("plain", chat_template_args={"enable_thinking": False})[0]
    assert set(sent()[0]) == {"model", "messages", "max_tokens", "temperature"}


def test_a_reply_begins_as_the_prompt_has_begun_it():
    assert sent("plain", prefix="answer:")[1].text == "answer:answer: R D"


LONG = "answer: R D\n\nmaze 2:\nS.#\nanswer: D D\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Reply(LONG, 4, truncated=True)),
        ({"ends_with_answer": True}, Reply("answer: R D\n", 4, truncated=False)),
        ({"stop": ("1", "2", "3", "4", "\n\nmaze")}, Reply("answer: R D", 4, truncated=False)),
        ({"stop": ("elsewhere",)}, Reply(LONG, 4, truncated=True)),
    ],
)
def test_a_reply_ends_where_that_of_a_model_on_this_machine_would(options, expected):
    def behave(handler, body, number):
        reply(handler, body, {"text": LONG, "finish_reason": "length"})

    with serving(behave) as (endpoint, _):
        (found,) = asked(endpoint, requests("tiny", 1, generation=GenerationOptions(**options)))
    assert (found.text.rstrip("\n"), found.truncated) == (expected.text.rstrip("\n"), expected.truncated)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thinking_budget": 100}, "servers have no common field"),
        ({"generation_args": {"stream": True}}, "stream cannot be set for a server"),
        ({"generation_args": {"top-p": 0.9}}, "no argument 'top-p'; did you mean top_p?"),
        ({"generation_args": {"repetition_penality": 1.1}}, "did you mean repetition_penalty?"),
    ],
)
def test_what_a_server_cannot_be_asked_for_is_refused_before_anything_is_asked(options, message):
    with serving(lambda handler, body, number: reply(handler, body)) as (endpoint, seen):
        checkpoint = replace(served("m", endpoint, "org/m"), options=ModelOptions(**options))
        with pytest.raises(CheckpointError, match=message):
            list(create_engine("server").generate(checkpoint, requests("tiny", 1)))
    assert not seen
