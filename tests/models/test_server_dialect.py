"""What a server refuses is asked another way, and remembered; a context that is too short leaves what is left."""

import time
from contextlib import nullcontext, suppress
from dataclasses import replace

import pytest

from benchmark.mazes.errors import EngineError
from models.engines import create_engine, server, server_turns
from models.engines.server_dialect import Dialect, adapt
from models.engines.server_errors import Kind, RequestError
from models.model_options import GenerationOptions, ModelOptions
from models.registry import served
from models.requests import Reply

from ..asking import requests
from .serving import asked, reply, send, serving

LIMIT = {
    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead.",
    "type": "invalid_request_error",
    "param": "max_tokens",
    "code": "unsupported_parameter",
}
OPENAI = "This model's maximum context length is 1000 tokens. However, you requested {total} tokens ({prompt} in the "
MESSAGES = {
    "OpenAI, chat": OPENAI + "messages, {reply} in the completion). Please reduce the length of the messages.",
    "OpenAI, text": "This model's maximum context length is 1000 tokens, however you requested {total} "
    "tokens ({prompt} in your prompt; {reply} for the completion). Please reduce your prompt; or completion length.",
    "vLLM": "'max_tokens' or 'max_completion_tokens' is too large: {reply}. This model's maximum context length is "
    "1000 tokens and your request has {prompt} input tokens ({reply} > 1000 - {prompt}). (parameter=max_tokens)",
    "LiteLLM": "litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - "
    + OPENAI
    + "messages, {reply} in the completion).",
    "SGLang": "Requested token count exceeds the model's maximum context length of 1000 tokens. You requested a total "
    "of {total} tokens: {prompt} tokens from the input messages and {reply} tokens for the completion.",
    "TGI": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1000. Given: {prompt} `inputs` "
    "tokens and {reply} `max_new_tokens`",
    "Anthropic": "input length and `max_tokens` exceed context limit: {prompt} + {reply} > 1000, decrease input length",
}
"""How they say that prompt and reply do not fit together in 1,000 tokens."""
ALONE = {
    "OpenAI": {
        "message": "This model's maximum context length is 1000 tokens. However, your messages resulted in "
        "1,300 tokens. Please reduce the length of the messages."
    },
    "vLLM": {
        "message": "This model's maximum context length is 1000 tokens. However, your prompt contains at least 1001 "
        "input tokens, which exceeds this limit even without any output tokens."
    },
    "vLLM, long": {
        "message": "This model's maximum context length is 1000 tokens. However, your prompt contains 90000 "
        "characters (more than 9000 characters, which is the upper bound for 1000 input tokens)."
    },
    "llama.cpp": {
        "message": "request (1300 tokens) exceeds the available context size (1000 tokens), try increasing it"
    },
    "llama.cpp, old": {
        "message": "the request exceeds the available context size",
        "n_prompt_tokens": 1300,
        "n_ctx": 1000,
        "type": "exceed_context_size_error",
    },
    "llama-cpp-python": {"message": "Requested tokens (1300) exceed context window of 1000"},
    "Anthropic": {"message": "prompt is too long: 1300 tokens > 1000 maximum"},
    "Mistral": {
        "message": "Prompt contains 1300 tokens and 0 draft tokens, too large for model with 1000 maximum "
        "context length"
    },
    "SGLang": {"message": "The input (1300 tokens) is longer than the model's context length (1000 tokens)."},
}
"""How they say that the prompt alone does not."""
MOST = {
    "OpenAI": "max_tokens is too large: {reply}. This model supports at most 100 completion tokens, whereas you did.",
    "Groq": "`max_tokens` must be less than or equal to `100`, the maximum value for `max_tokens` is less",
    "DeepSeek": "Invalid max_tokens value, the valid range of max_tokens is [1, 100]",
    "Anthropic": "max_tokens: {reply} > 100, which is the maximum allowed number of output tokens for this model",
    "TGI": "Input validation error: `max_new_tokens` must be <= 100. Given: {reply}",
}
NO_TEMPERATURE = [
    {
        "message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
        "supported.",
        "param": "temperature",
        "code": "unsupported_value",
    },
    {"message": "litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0. Only temperature=1 is"},
    {"message": "Input validation error: `temperature` must be strictly positive"},
    {"message": "`temperature` is deprecated for this model."},
    {"message": "Unsupported parameter: 'temperature' is not supported with this model."},
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(server, "TRIES", 1)
    monkeypatch.setattr(server, "WAIT", 0.001)


def picky(handler, body, number):
    """Like a reasoning model of OpenAI."""
    if "max_tokens" in body:
        send(handler, 400, {"error": LIMIT})
    elif "temperature" in body:
        send(handler, 400, {"error": NO_TEMPERATURE[0]})
    else:
        reply(handler, body)


def test_other_names_and_no_temperature_are_asked_for_once_and_told_in_the_run():
    engine, checkpoint = create_engine("server"), served("m", "http://h/v1", "org/m")
    described = engine.describe(checkpoint)
    with serving(picky) as (endpoint, seen):
        checkpoint = served("m", endpoint, "org/m")
        for start in (0, 10):
            results = asked(endpoint, requests("tiny", 20, style="chat")[start : start + 10], engine)
            assert results == [Reply("answer: R D", 4, truncated=False)] * 10
            if not start:
                first = len(seen)
    assert len(seen) - first == 10  # nothing is asked twice once it is known
    assert engine.adjustments(checkpoint) == {"limit": "max_completion_tokens", "temperature": "the server's own"}
    assert engine.describe(checkpoint) == described  # so that replies are found again


@pytest.mark.parametrize("words", NO_TEMPERATURE)
def test_a_temperature_that_is_refused_is_left_away(words):
    def behave(handler, body, number):
        send(handler, 400, {"error": words}) if "temperature" in body else reply(handler, body)

    with serving(behave) as (endpoint, _):
        assert [one.text for one in asked(endpoint, requests("tiny", 2))] == ["answer: R D"] * 2


def test_a_seed_that_is_refused_is_left_away():
    def behave(handler, body, number):
        detail = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]
        send(handler, 422, {"detail": detail}) if "seed" in body else reply(handler, body)

    with serving(behave) as (endpoint, seen):
        assert asked(endpoint, requests("tiny", 1, temperature=0.7))[0].text == "answer: R D"
    assert seen[-1][1]["temperature"] == 0.7


def test_nothing_is_left_away_where_that_does_not_help():
    engine = create_engine("server")

    def behave(handler, body, number):
        send(handler, 400, {"error": {"message": f"temperature is not supported, nor is {sorted(body)}"}})

    with serving(behave) as (endpoint, _):
        (result,) = asked(endpoint, requests("tiny", 1), engine)
        assert isinstance(result, EngineError)
        assert not engine.adjustments(served("m", endpoint, "org/m"))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_context_that_is_too_short_leaves_what_is_left(name):
    def behave(handler, body, number):
        prompt, limit = 700, body["max_tokens"]
        if prompt + limit > 1000:
            words = MESSAGES[name].format(prompt=prompt, reply=limit, total=prompt + limit)
            send(handler, 400, {"error": {"message": words}})
        else:
            reply(handler, body, {"text": f"{limit}", "finish_reason": "length"})

    with serving(behave) as (endpoint, seen):
        engine = create_engine("server", concurrency=1)
        results = asked(endpoint, requests("small", 6), engine)
    assert {(one.text, one.truncated) for one in results} == {("300", True)}
    assert len(seen) <= 6 + 2  # the context is remembered
    assert engine.adjustments(served("m", endpoint, "org/m")) == {"context": 1000}


def test_a_prompt_whose_length_is_only_guessed_is_asked_about_until_it_fits():
    def behave(handler, body, number):
        prompt, limit = 700, body["max_tokens"]
        if prompt + limit > 1000:
            words = (
                f"This model's maximum context length is 1000 tokens. However, you requested {limit} output tokens and "
                f"your prompt contains at least {1001 - limit if limit < 1000 else 1} input tokens."
            )
            send(handler, 400, {"error": {"message": words}})
        else:
            usage = {"prompt_tokens": prompt, "completion_tokens": limit}
            reply(handler, body, {"text": f"{limit}", "finish_reason": "length"}, usage=usage)

    with serving(behave) as (endpoint, _):
        results = asked(endpoint, requests("small", 4), concurrency=1)
    assert [one.text for one in results] == ["300"] * 4


@pytest.mark.parametrize("name", ALONE)
def test_a_prompt_that_fills_the_context_has_a_reply_that_is_cut_off(name):
    with serving(lambda handler, body, number: send(handler, 400, {"error": ALONE[name]})) as (endpoint, _):
        assert asked(endpoint, requests("small", 1)) == [Reply("", 0, truncated=True)]


@pytest.mark.parametrize("name", MOST)
def test_a_reply_that_may_be_shorter_is_asked_for_shorter(name):
    def behave(handler, body, number):
        if body["max_tokens"] > 100:
            send(handler, 400, {"error": {"message": MOST[name].format(reply=body["max_tokens"])}})
        else:
            reply(handler, body)

    with serving(behave) as (endpoint, seen):
        assert [one.text for one in asked(endpoint, requests("small", 5), concurrency=1)] == ["answer: R D"] * 5
    assert len(seen) == 6


@pytest.mark.parametrize(
    "words",
    [
        "Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000, Used 9000, Requested 5184.",
        "The model `m` does not exist. Valid aliases: temperature-7b.",
        "max_tokens of 5184 was not liked",
        "I did not understand the messages in your prompt",
    ],
)
def test_other_words_change_nothing(words):
    (request,) = requests("tiny", 1, style="chat")
    body = Dialect().body("m", request, 339)
    assert adapt(Dialect(), body, request, RequestError(words, Kind.REQUEST)) is None


@pytest.mark.parametrize("code", [400, 500])
def test_a_server_that_refuses_large_mazes_replies_to_the_small_ones(code):
    """Large mazes go first, and no number of them says anything about the small ones."""
    large, tiny = requests("large", 60), requests("tiny", 20)
    prompts, results = {one.prompt for one in large}, {}

    def behave(handler, body, number):
        if body["prompt"] in prompts:
            send(handler, code, {"error": {"message": "too large for me"}})
        else:
            reply(handler, body)

    with serving(behave) as (endpoint, _):
        replies = create_engine("server", concurrency=16).generate(served("m", endpoint, "org/m"), [*large, *tiny])
        with suppress(EngineError) if code == 500 else nullcontext():  # when only large ones are left, all fail
            for one, result in replies:
                results[one.place] = result
    assert all(isinstance(results.get(one.place, EngineError()), EngineError) for one in large)
    assert [results[one.place].text for one in tiny] == ["answer: R D"] * 20


@pytest.mark.parametrize("code", [400, 401, 404, 429])
def test_refusals_among_good_replies_are_errors_of_their_cases(code):
    def behave(handler, body, number):
        send(handler, code, {"error": {"message": "now and then"}}) if number % 4 == 1 else reply(handler, body)

    with serving(behave) as (endpoint, _):
        results = asked(endpoint, requests("tiny", 60), concurrency=4)
    good = [one for one in results if isinstance(one, Reply)]
    assert len(good) >= 45


def test_a_server_that_goes_away_is_given_up():
    def behave(handler, body, number):
        reply(handler, body) if number <= 10 else send(handler, 401, {"error": {"message": "your key has expired"}})

    with serving(behave) as (endpoint, seen), pytest.raises(EngineError, match="your key has expired"):
        asked(endpoint, requests("tiny", 200), concurrency=4)
    assert len(seen) <= 10 + 3 * server_turns.HOPELESS


def test_slow_replies_are_waited_for_where_a_gateway_refuses_at_once():
    def behave(handler, body, number):
        if number % 2:
            send(handler, 401, {"error": {"message": "wrong backend"}})
        else:
            time.sleep(0.1)
            reply(handler, body)

    with serving(behave) as (endpoint, _):
        results = asked(endpoint, requests("tiny", 40), concurrency=16)
    assert sum(isinstance(one, Reply) for one in results) == 20


def test_a_key_that_no_header_can_carry_is_told_without_it(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-gehéim-0123456789")
    with pytest.raises(EngineError, match="OPENAI_API_KEY holds characters") as raised:
        asked("http://127.0.0.1:9/v1", requests("tiny", 1))
    assert "0123" not in str(raised.value)


STOPS = ("\n\n", "Q:", "Human:", "###", "END")
NO_STOP = [
    {"message": "Unsupported parameter: 'stop' is not supported with this model.", "param": "stop"},
    {"message": "litellm.UnsupportedParamsError: o3 does not support parameters: ['stop'], for model=o3"},
    {"message": "body.stop: Extra inputs are not permitted"},
]


@pytest.mark.parametrize("words", NO_STOP)
def test_stop_texts_that_a_server_refuses_are_cut_off_here(words):
    def behave(handler, body, number):
        content = {"text": "answer: R D\nQ: and now?", "finish_reason": "length"}
        send(handler, 400, {"error": words}) if "stop" in body else reply(handler, body, content)

    engine = create_engine("server", concurrency=1)
    with serving(behave) as (endpoint, seen):
        results = asked(endpoint, requests("tiny", 3, generation=GenerationOptions(stop=STOPS)), engine)
    assert {(one.text, one.truncated) for one in results} == {("answer: R D\n", False)}
    assert len(seen) == 4
    assert engine.adjustments(served("m", endpoint, "org/m")) == {"stop": "cut off here"}


def test_an_argument_of_the_sampling_that_is_refused_is_an_error_that_names_it():
    def behave(handler, body, number):
        send(handler, 400, {"error": {"message": f"Unrecognized request argument supplied: top_k, {number}"}})

    arguments = {"top_k": 20, "temperature_last": True}
    checkpoint = replace(served("m", "http://h/v1", "org/m"), options=ModelOptions(generation_args=arguments))
    with serving(behave) as (endpoint, seen), pytest.raises(EngineError) as raised:
        list(
            create_engine("server", concurrency=1).generate(
                replace(checkpoint, endpoint=endpoint),
                requests("tiny", 20, generation=GenerationOptions(arguments=arguments)),
            )
        )
    assert "Unrecognized request argument supplied: top_k" in str(raised.value)
    assert str(raised.value).endswith("(top_k is set by --generation-args)")
    assert {(body["top_k"], body["temperature_last"]) for _, body, _ in seen} == {(20, True)}
