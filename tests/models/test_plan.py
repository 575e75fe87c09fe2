"""The plan of a session: whatever code that is not ours raises, it is one line of one checkpoint."""

import gc
import hashlib
import json
import sqlite3
import weakref
from dataclasses import dataclass

import jinja2
import pytest

from benchmark.mazes.errors import CheckpointError, LabirintoError
from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.prompt import PromptOptions, prompt
from models import engines
from models.checkpoints import Checkpoint
from models.engines import EngineInfo
from models.inference import boundary, engine_choice
from models.inference.engine_choice import Lookup, choose_engine
from models.inference.options import InferenceOptions
from models.inference.plan import Plan
from models.inference.questions import choose_generation
from models.inference.reply_cache import place
from models.model_options import ModelOptions
from models.requests import Reply

CASES = SUITE.cases("tiny")[:6]
NEXT_QUESTION = "Find a shortest path from S to G in this maze."


class UnspeakableError(Exception):
    """Its message cannot be made."""

    def __str__(self):
        raise ValueError("no words")


def _undecodable():
    try:
        b"\xff".decode()
    except UnicodeDecodeError as error:
        return error


RAISED = {
    "ValueError": ValueError("Unrecognized model in ./x. Should have a `model_type` key"),
    "KeyError": KeyError("model_type"),
    "TypeError": TypeError(),
    "RuntimeError": RuntimeError("size mismatch for lm_head:\n\tcopying a param\n\n  the shape is [3]"),
    "AssertionError": AssertionError(),
    "MemoryError": MemoryError(),
    "RecursionError": RecursionError("maximum recursion depth exceeded"),
    "OSError": OSError(28, "No space left on device"),
    "ImportError": ImportError("bitsandbytes is not installed"),
    "NotImplementedError": NotImplementedError("no static cache"),
    "UnicodeDecodeError": _undecodable(),
    "JSONDecodeError": json.JSONDecodeError("Expecting value", "{", 1),
    "TemplateError": jinja2.TemplateError("Conversation roles must alternate"),
    "OperationalError": sqlite3.OperationalError("database is locked"),
    "ExceptionGroup": ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    "UnspeakableError": UnspeakableError(),
    "UnicodeError": UnicodeError("\ud800 \x1b[31m red \u202e" + "word " * 500),
}


@dataclass(frozen=True)
class Odd(Checkpoint):
    """Raises at one place; those of no place never do."""

    place: str = ""
    error: BaseException | None = None

    engine = "odd"

    def fail(self, place):
        if place == self.place:
            raise self.error

    @property
    def is_missing(self):
        self.fail("is_missing")
        return self.place == "prepare"

    def prepare(self):
        self.fail("prepare")

    def content(self):
        self.fail("content")
        return self.name


@dataclass(frozen=True)
class Formatted(Checkpoint):
    """Answers in some format."""

    answer_format: str = "plain"


class OddEngine:
    """Asks odd checkpoints."""

    startup_seconds = 0.0

    def __init__(self):
        self._last = None

    def describe(self, checkpoint):
        checkpoint.fail("describe")
        return {"engine": "odd"}

    def generate(self, checkpoint, requests):
        self._last = checkpoint
        checkpoint.fail("generate")
        for count, request in enumerate(requests):
            if count == 3:
                checkpoint.fail("generate late")
            yield request, Reply("answer: R", 2, truncated=False)

    def close(self):
        if self._last:
            self._last.fail("close")


@pytest.fixture
def notes():
    return []


@pytest.fixture
def make_plan(monkeypatch, tmp_path, notes):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(engines.ENGINES, "odd", EngineInfo("odd", f"{__name__}:OddEngine"))

    def make(*checkpoints, **settings):
        planned = [(checkpoint, case) for checkpoint in checkpoints for case in CASES]
        return Plan(planned, {one.name: PromptOptions() for one in checkpoints}, notify=notes.append, **settings)

    return make


@pytest.mark.parametrize("place", ["is_missing", "prepare", "content", "describe", "generate", "generate late"])
def test_whatever_is_raised_is_one_line_of_its_checkpoint_and_the_others_go_on(make_plan, place):
    """17 exceptions at each of 6 places, each beside a sound checkpoint."""
    odd = [Odd(name, place, error) for name, error in RAISED.items()]
    sound = Odd("sound")
    plan = make_plan(*odd, sound)
    plan.look_up()
    for checkpoint in plan.checkpoints:
        if not plan.is_asked(checkpoint):
            plan.ask(checkpoint)
    for checkpoint in odd:
        failure = plan.failure(checkpoint)
        assert isinstance(failure, LabirintoError)
        line = str(failure)
        assert line.startswith(checkpoint.name)
        assert "\n" not in line
        assert line.isprintable()
        assert "(tests/models/test_plan.py:" in line
        assert str(boundary.log_file()) in line
        assert len(line) < 800
        words = " ".join(str(checkpoint.error).split()) if checkpoint.name != "UnspeakableError" else "cannot be shown"
        assert checkpoint.name.startswith("Unicode") or words.rstrip(".") in line
        with pytest.raises(LabirintoError, match=checkpoint.name):
            plan.replies(checkpoint, CASES[5])
        assert len(list(plan.replied(checkpoint))) == (3 if place == "generate late" else 0)
    assert plan.failure(sound) is None
    assert len(list(plan.replied(sound))) == len(CASES)
    log = boundary.log_file().read_text()
    assert log.count("Traceback (most recent call last)") >= len(RAISED)
    plan.close()


def test_what_is_ours_is_told_as_it_is(make_plan):
    odd = Odd("odd", "generate", CheckpointError("./x has no chat template"))
    plan = make_plan(odd)
    plan.ask(odd)
    assert str(plan.failure(odd)) == "./x has no chat template"
    assert not boundary.log_file().exists()
    plan.close()


@pytest.mark.parametrize("place", ["content", "prepare", "generate late"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_whoever_wants_to_end_the_session_ends_it(make_plan, place, error):
    odd = Odd("odd", place, error())
    plan = make_plan(odd)

    def ask():
        plan.look_up()
        plan.ask(odd)

    with pytest.raises(error):
        ask()
    assert len(list(plan.replied(odd))) == (3 if place == "generate late" else 0)
    plan.close()
    again = make_plan(Odd("odd"))
    assert again.look_up().count("3 of 6 replies" if place == "generate late" else "0 of 6 replies") == 1
    again.close()


def test_an_engine_that_cannot_be_closed_is_told(make_plan, notes):
    odd = Odd("odd", "close", RuntimeError("CUDA error: device-side assert"))
    plan = make_plan(odd)
    plan.ask(odd)
    assert plan.failure(odd) is None
    plan.close()
    (note,) = notes
    assert "the engine odd cannot be closed: RuntimeError: CUDA error: device-side assert" in note


def test_a_listener_that_raises_costs_no_reply_and_is_told_once(make_plan, notes, monkeypatch):
    monkeypatch.setattr("models.inference.committing.COMMIT_SECONDS", 0.0)
    calls = []

    def listen(checkpoint):
        calls.append(checkpoint)
        raise OSError(28, "No space left on device")

    checkpoint = Odd("sound")
    plan = make_plan(checkpoint, on_commit=listen)
    plan.ask(checkpoint)
    assert len(list(plan.replied(checkpoint))) == len(CASES)
    assert len(calls) > 1
    assert ["No space left" in note for note in notes] == [True]
    plan.close()


class Large:
    """Stands for a model."""


def test_a_checkpoint_that_fails_does_not_stay_in_memory(make_plan, monkeypatch):
    held = []

    def generate(self, checkpoint, requests):
        model = Large()
        held.append(weakref.ref(model))
        if checkpoint.name == "ours":
            raise CheckpointError("no") from RuntimeError("because")
        yield requests[0], Reply("", len([].pop()), truncated=False)

    monkeypatch.setattr(OddEngine, "generate", generate)
    checkpoints = [Odd("ours"), Odd("theirs")]
    plan = make_plan(*checkpoints)
    for checkpoint in checkpoints:
        plan.ask(checkpoint)
        assert plan.failure(checkpoint)
    gc.collect()
    assert [one() for one in held] == [None, None]
    plan.close()


def test_a_traceback_that_cannot_be_logged_is_in_the_error(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", "/dev/null/nowhere")
    error = boundary.translate(ValueError("odd"))
    assert "--full-trace" in str(error)
    assert "ValueError: odd" in error.__notes__[0]


def test_the_log_does_not_grow_for_ever_and_holds_no_key(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-4711")
    monkeypatch.setattr(boundary, "LOG_BYTES", 2000)
    errors = [boundary.translate(ValueError(f"Bearer sk-secret-4711 is wrong {'x' * 300}")) for _ in range(30)]
    whole = "".join(file.read_text() for file in tmp_path.iterdir()) + "".join(map(str, errors))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["errors.log", "errors.log.1"]
    assert "sk-secret-4711" not in whole
    assert "Bearer *** is wrong" in whole
    assert all(file.stat().st_size < 4000 for file in tmp_path.iterdir())


def test_a_reply_that_another_session_has_committed_since_is_not_asked_for(make_plan):
    first, second = make_plan(Odd("sound")), make_plan(Odd("sound"))
    assert "0 of 6 replies" in first.look_up()
    assert "0 of 6 replies" in second.look_up()
    for plan in (first, second):
        plan.ask(Odd("sound"))
    assert [plan.metadata(Odd("sound"))["asked"] for plan in (first, second)] == [6, 0]
    first.close()
    second.close()


def test_what_a_saved_run_says_of_the_asking_keeps_its_keys(make_plan):
    """And so do the keys of the cache, so that replies that people have there are found again."""
    checkpoint = Odd("sound")
    plan = make_plan(checkpoint, options=InferenceOptions(samples=2, temperature=0.8, early_stop="off"))
    plan.look_up()
    plan.ask(checkpoint)
    recorded = ["engine", "sampling", "options", "cached", "asked", "tokens", "seconds", "waited"]
    assert list(plan.metadata(checkpoint)) == recorded
    plan.close()
    keys = sorted(key for (key,) in sqlite3.connect(place()).execute("SELECT key FROM replies"))
    assert len(keys) == 12
    digest = "d2dec208a5c3bc5c497a9353218a6de86e85592107100be5ad0c682507639174"
    assert hashlib.sha256(b"".join(keys)).hexdigest() == digest


def test_a_checkpoint_that_is_built_with_another_one_is_cached_too(make_plan, monkeypatch):
    """It was missing when it was looked up, and is there when it is asked: as the parent of what was asked before."""
    monkeypatch.setattr(Odd, "is_missing", True)
    plan = make_plan(Odd("parent"))
    plan.look_up()
    monkeypatch.setattr(Odd, "is_missing", False)
    plan.ask(Odd("parent"))
    plan.close()
    again = make_plan(Odd("parent"))
    assert "6 of 6 replies" in again.look_up()
    again.close()


def test_a_run_goes_on_with_the_engine_that_it_began_with(monkeypatch):
    monkeypatch.setattr(engine_choice, "choose_cheapest", lambda *_: "vllm")
    keys = {name: [f"{name} {at}".encode() for at in range(3)] for name in ("transformers", "vllm")}

    def choose(transformers, vllm):
        replies = {name: dict.fromkeys(keys[name][:n]) for name, n in (("transformers", transformers), ("vllm", vllm))}
        return choose_engine([Lookup(name, keys[name], replies[name]) for name in keys], Odd("odd"), []).engine

    found = {(at, other): choose(at, other) for at in range(4) for other in range(4)}
    assert {pair for pair, engine in found.items() if engine == "transformers"} == {
        (1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (3, 3),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer_format", "early_stop", "style", "expected"),
    [
        ("search", "all", "plain", {}),
        ("plain", "off", "plain", {}),
        ("plain", "all", "plain", {"stop": (NEXT_QUESTION,), "ends_with_answer": True, "ends_loops": True}),
        ("chat", "answer", "chat", {"ends_with_answer": True}),
        ("chat", "all", "chat", {"ends_with_answer": True, "ends_loops": True}),
    ],
)
def test_replies_of_third_party_models_end_early_and_those_of_the_nano_family_as_before(
    answer_format, early_stop, style, expected
):
    set_by_user = {"max_new_tokens": 9, "stop": ("END",), "thinking_budget": None}
    for options in (ModelOptions(), ModelOptions(**set_by_user)):
        checkpoint = Formatted("model", answer_format=answer_format, options=options)
        generation = choose_generation(checkpoint, PromptOptions(prompt_style=style), early_stop)
        own = {name: value for name, value in options.record().items() if name != "stop"}
        stop = options.stop + expected.get("stop", ())
        assert generation.cache_key() == expected | own | ({"stop": stop} if stop else {})
    text = prompt(CASES[0].maze, PromptOptions())
    assert text.startswith(NEXT_QUESTION)
    if style == "chat":
        reasoning = PromptOptions(prompt_style="chat", reasoning=True)
        assert not choose_generation(checkpoint, reasoning, early_stop).ends_with_answer
