"""A served model: asked over HTTP on this machine, and what is done with a server that misbehaves."""

import threading
import time

import pytest

from benchmark.mazes.errors import CheckpointError, EngineError
from models.engines import server as engine
from models.engines import server_turns
from models.registry import Choices, find
from models.requests import Reply

from ..asking import requests
from .serving import asked, reply, send, serving


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(engine, "TRIES", 1)
    monkeypatch.setattr(engine, "WAIT", 0.01)


@pytest.mark.parametrize(("style", "path"), [("plain", "/v1/completions"), ("chat", "/v1/chat/completions")])
def test_each_question_is_asked_once_with_its_prompt_and_the_key_of_the_environment(monkeypatch, style, path):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with serving(lambda handler, body, number: reply(handler, body)) as (endpoint, seen):
        questions = requests("tiny", 5, style=style)
        found = asked(endpoint, questions)
    assert found == [Reply("answer: R D", 4, truncated=False)] * 5
    assert {where for where, _, _ in seen} == {path}
    prompts = [body["prompt" if style == "plain" else "messages"] for _, body, _ in seen]
    assert sorted(map(str, prompts)) == sorted(str(question.prompt) for question in questions)
    assert {body["temperature"] for _, body, _ in seen} == {0}
    assert {headers["authorization"] for _, _, headers in seen} == {"Bearer secret"}


def test_samples_have_seeds_and_a_cut_reply_is_told():
    with serving(lambda handler, body, number: reply(handler, body, {"text": "S (0", "finish_reason": "length"})) as (
        endpoint,
        seen,
    ):
        questions = [one for at in range(2) for one in requests("tiny", 2, sample=at, temperature=0.7)]
        found = asked(endpoint, questions)
    assert {one.truncated for one in found} == {True}
    assert len({body["seed"] for _, body, _ in seen}) == 4
    assert {body["temperature"] for _, body, _ in seen} == {0.7}


def test_as_many_are_asked_at_once_as_is_said():
    running, most, lock = [0], [0], threading.Lock()
    gate = threading.Barrier(3)

    def behave(handler, body, number):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(timeout=30)  # nobody is replied to before three are here
        with lock:
            running[0] -= 1
        reply(handler, body)

    with serving(behave) as (endpoint, _):
        assert len(asked(endpoint, requests("tiny", 9), concurrency=3)) == 9
    assert most == [3]


def test_a_busy_server_is_asked_again_when_it_says():
    times = []

    def behave(handler, body, number):
        times.append(time.monotonic())
        if number == 1:
            send(handler, 429, {"error": {"message": "slow down"}}, [("Retry-After", "1.5")])
        else:
            reply(handler, body)

    with serving(behave) as (endpoint, _):
        found = asked(endpoint, requests("tiny", 1))
    assert [one.text for one in found] == ["answer: R D"]
    assert times[1] - times[0] >= 1.5


def fails(handler, body, number):
    send(handler, 500, {"error": {"message": "out of luck"}})


def cuts(handler, body, number):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def never_ends(handler, body, number):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 65536)
    except OSError:
        handler.close_connection = True


def is_no_json(handler, body, number):
    send(handler, 200, b"<html>welcome</html>")


def is_other_json(handler, body, number):
    send(handler, 200, {"choices": []})


def says_numbers(handler, body, number):
    reply(handler, body, {"text": 7, "finish_reason": "stop"})


@pytest.mark.parametrize("behave", [fails, cuts, never_ends, is_no_json, is_other_json, says_numbers])
def test_one_bad_reply_is_an_error_of_its_case_and_the_others_go_on(hasty, behave):
    first, *_ = questions = requests("tiny", 4)

    def mostly(handler, body, number):
        bad = body["prompt"] == first.prompt
        behave(handler, body, number) if bad else reply(handler, body)

    with serving(mostly) as (endpoint, _):
        found = asked(endpoint, questions)
    assert isinstance(found.pop(0), EngineError)
    assert {one.text for one in found} == {"answer: R D"}


def test_what_fails_once_is_tried_again(hasty):
    with serving(
        lambda handler, body, number: (cuts if number == 1 else reply)(handler, body, *[1][: number == 1])
    ) as (
        endpoint,
        seen,
    ):
        found = asked(endpoint, requests("tiny", 1))
    assert [one.text for one in found] == ["answer: R D"]
    assert len(seen) == 2


def test_a_server_that_only_fails_is_given_up(hasty, monkeypatch):
    monkeypatch.setattr(server_turns, "HOPELESS", 3)
    with (
        serving(fails) as (endpoint, seen),
        pytest.raises(EngineError, match=r"gave no reply: HTTP 500: out of luck$"),
    ):
        asked(endpoint, requests("tiny", 40), concurrency=2)
    assert len(seen) < 40


def test_nobody_there_is_told(hasty):
    with serving(fails) as (endpoint, _):
        pass
    with pytest.raises(EngineError, match=r"gave no reply: \[Errno 111\] Connection refused \(is a server "):
        asked(endpoint, requests("tiny", 20))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_ends_it_and_the_key_is_not_shown(monkeypatch, status):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with serving(lambda handler, body, number: send(handler, status, {"error": {"message": "no"}})) as (endpoint, seen):
        with pytest.raises(EngineError, match="refuses org/m") as found:
            asked(endpoint, requests("tiny", 30), concurrency=1)
        assert len(seen) == server_turns.HOPELESS  # one refusal may be that of one request
    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"endpoint": "localhost:8000", "model": "m"}, "is not a valid endpoint"),
        ({"endpoint": "http://me:secret@host/v1", "model": "m"}, "OPENAI_API_KEY"),
        ({"endpoint": "http://host/v1"}, "needs the settings endpoint and model"),
        ({"endpoint": "http://host/v1", "model": "m", "key": "secret"}, "key is neither"),
    ],
)
def test_an_address_that_is_none_is_told(settings, message):
    with pytest.raises(CheckpointError, match=message) as found:
        find("theirs", Choices({"theirs": settings}))
    assert "secret" not in str(found.value)


def test_a_served_model_may_have_a_name_of_ones_own():
    found = find("theirs", Choices({"theirs": {"endpoint": "http://host:8000/v1/", "model": "org/m"}}))
    assert (found.name, found.endpoint, found.model, found.prompt_style) == (
        "theirs",
        "http://host:8000/v1",
        "org/m",
        "chat",
    )
    assert found.provenance()["kind"] == "served"
    with pytest.raises(CheckpointError, match="no weights here"):
        found.weights()
