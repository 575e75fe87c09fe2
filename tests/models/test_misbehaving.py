"""Whatever a server does: the engine ends, good replies come, its own words are told, and the key is nowhere."""

import base64
import traceback
from urllib.parse import quote

import pytest

from benchmark.mazes.errors import EngineError
from models.engines import server, server_http
from models.requests import Reply

from ..asking import requests
from .misbehaving import KEY, ODDITIES, REFUSALS
from .serving import asked, reply, serving

SECRETS = (KEY, KEY[:20], KEY[10:30], quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()[4:24])

SLOW = {"silence": "SILENCE", "drops": "WHOLE"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(server, "TRIES", 1)
    monkeypatch.setattr(server, "WAIT", 0.001)
    monkeypatch.setattr(server_http, "SILENCE", 20.0)
    monkeypatch.setattr(server_http, "WHOLE", 20.0)
    monkeypatch.setattr(server_http, "LARGEST", 2**18)


@pytest.fixture(scope="module")
def questions():
    return requests("tiny", 10, style="chat")


def is_masked(shown):
    return not any(part in shown for part in SECRETS)


def shown(error):
    """All that pytest could print of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


@pytest.mark.parametrize("name", REFUSALS)
def test_one_bad_reply_is_the_error_of_its_case_in_the_servers_words(monkeypatch, questions, name):
    if name in SLOW:
        monkeypatch.setattr(server_http, SLOW[name], 0.4)
        monkeypatch.setattr(server, "TRIES", 2)  # a busy machine may be as slow with a good reply
    behave, words = REFUSALS[name]
    bad = questions[4]

    def mostly(handler, body, number):
        behave(handler, body) if body["messages"] == bad.prompt else reply(handler, body)

    with serving(mostly) as (endpoint, seen):
        results = asked(endpoint, questions, concurrency=4)
    error = results.pop(4)
    assert results == [Reply("answer: R D", 4, truncated=False)] * 9
    with pytest.raises(EngineError, match=words):
        raise error
    assert len(str(error)) < 500
    assert is_masked(shown(error))
    assert len(seen) <= 11 or name in SLOW  # one more where it may pass


@pytest.mark.parametrize("name", ["401", "404", "400", "500", "HTML", "empty choices", "nothing at all"])
def test_a_server_that_does_nothing_else_is_told_once(name):
    behave, words = REFUSALS[name]
    questions = requests("tiny", 40, style="chat")
    with (
        serving(lambda handler, body, number: behave(handler, body)) as (endpoint, seen),
        pytest.raises(EngineError, match=words) as raised,
    ):
        asked(endpoint, questions, concurrency=4)
    assert is_masked(shown(raised.value))
    assert len(seen) <= 2 * 16


@pytest.mark.parametrize("name", ODDITIES)
def test_an_odd_reply_is_a_reply(questions, name):
    behave, text, tokens = ODDITIES[name]
    with serving(lambda handler, body, number: behave(handler, body)) as (endpoint, _):
        (result,) = asked(endpoint, questions[:1])
    assert isinstance(result, Reply), result
    assert result.tokens == tokens
    assert text is None or result.text == text
    assert is_masked(repr(result))
    result.text.encode()
