"""What an engine may give: everything that comes in can be kept, written and shown."""

import csv
import io
import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from _pytest.junitxml import bin_xml_escape
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmark.mazes.errors import EngineError
from models.inference.reply_cache import Cache, key
from models.requests import Reply
from reports.run import Run, read, write
from reports.schema import Record

# whatever JSON can say, lone surrogates and control characters too
anything = st.text(st.characters())
LINE = Record(
    group="tiny",
    case="dfs-0000",
    digest="0" * 16,
    covariates={},
    sample=0,
    outcome="wall",
    lenient="wall",
    why="",
    moves=None,
    prefix=0,
    shortest=4,
    progress=0.0,
    wall_hits=0,
    revisits=0,
    extra=None,
    tokens=0,
    reply="",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    opened = Cache(tmp_path_factory.mktemp("reply") / "replies.sqlite")
    yield opened
    opened.close()


@given(anything)
@example("answer: R\ud83d D")
@example("\udfff\x00\x1b[31m\r\n\u2028\u0085\ufeff\ufffe")
def test_every_text_goes_through_database_run_junit_and_csv(cache, text):
    reply = Reply(text, 3, truncated=False)

    cache.put({key("a", {}, {}): reply}, "a", "b")
    assert cache.get([key("a", {}, {})]) == {key("a", {}, {}): reply}

    run = cache.file.with_name("run.jsonl")
    write(Run({}, [replace(LINE, reply=reply.text)]), run)
    assert read(run).records[0].reply == reply.text

    escaped = bin_xml_escape(reply.text).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    assert ET.fromstring(f'<property value="{escaped}"/>').tag == "property"

    written = io.StringIO(newline="")
    csv.writer(written).writerow([reply.text])
    written.getvalue().encode()
    assert next(csv.reader(io.StringIO(written.getvalue(), newline="")), [""]) in ([reply.text], [])


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 10**9), st.booleans())
def test_what_is_sound_is_left_as_it_is(text, tokens, truncated):
    reply = Reply(text, tokens, truncated)
    assert (reply.text, reply.tokens, reply.truncated) == (text, tokens, truncated)


@pytest.mark.parametrize(
    ("tokens", "count"),
    [
        (0, 0),
        (12, 12),
        (12.0, 12),
        (np.int64(12), 12),
        (True, 1),
        *((odd, 3) for odd in (None, 12.5, -1, math.nan, math.inf, 2**63, 10**400, "12", "many", {}, [], object())),
    ],
    ids=lambda value: repr(value)[:20].split(" at 0x")[0],
)
def test_a_count_of_tokens_that_cannot_be_is_the_number_of_words(tokens, count):
    reply = Reply("answer: R D", tokens, 0)
    assert (reply.tokens, type(reply.tokens), reply.truncated) == (count, int, False)


@pytest.mark.parametrize("text", [None, 7, b"answer: R", ["R"], {"content": "R"}])
def test_what_is_no_text_is_no_reply(text):
    with pytest.raises(EngineError, match=f"the reply is {type(text).__name__} and not a text"):
        Reply(text, 1, truncated=False)
