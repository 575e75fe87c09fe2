"""The reply cache: what it keeps, for whom, and what it does with a spoilt file."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.mazes.errors import CheckpointError
from models.__main__ import main
from models.inference.reply_cache import Cache, key
from models.requests import Reply

from ..asking import requests
from ..conftest import ROOT

REPLY = Reply("answer: R D", 4, truncated=False)


@pytest.fixture
def said():
    return []


@pytest.fixture
def cache(tmp_path, said):
    opened = Cache(tmp_path / "home" / "replies.sqlite", said.append)
    yield opened
    opened.close()


def keys(n):
    return [key("weights", {"engine": "x"}, {"prompt": str(at)}) for at in range(n)]


# lone surrogates too, which JSON allows
texts = st.text(st.characters())


@given(
    st.dictionaries(st.binary(min_size=32, max_size=32), st.builds(Reply, texts, st.integers(0, 9999), st.booleans()))
)
def test_what_is_kept_comes_back(tmp_path_factory, replies):
    file = tmp_path_factory.mktemp("cache") / "replies.sqlite"
    first = Cache(file)
    first.put(replies, "sft", "x")
    first.close()
    second = Cache(file)
    assert second.get([*replies, b"longer than any key of these is"]) == replies
    second.close()


def test_thousands_of_keys_are_looked_up(cache):
    known = keys(2000)
    cache.put(dict.fromkeys(known[::2], REPLY), "sft", "x")
    assert cache.get(known) == dict.fromkeys(known[::2], REPLY)


@pytest.mark.parametrize("place", range(3))
def test_everything_that_decides_a_reply_is_in_its_key(place):
    parts = ["weights", {"engine": "x", "version": "1"}, {"prompt": "which way?"}]
    other = parts.copy()
    other[place] = "other weights" if place == 0 else parts[place] | {"more": 1}
    assert key(*parts) != key(*other)
    assert key(*parts) == key(*parts)


@pytest.mark.parametrize(
    "spoil",
    [
        "text = 'answer: L'",
        "text = X'ff'",
        "tokens = 7",
        "truncated = 1",
        "sum = 0",
        "text = 5",
        "truncated = 'x'",
        "tokens = 4.5",
    ],
)
def test_a_spoilt_row_is_told_and_asked_for_again(cache, said, spoil):
    first, second = keys(2)
    cache.put({first: REPLY, second: REPLY}, "sft", "x")
    with sqlite3.connect(cache.file) as base:
        base.execute(f"UPDATE replies SET {spoil} WHERE key = ?", (first,))
    base.close()
    assert cache.get([first, second]) == {second: REPLY}
    assert [first.hex()[:16] in line for line in said] == [True]
    cache.put({first: REPLY}, "sft", "x")
    assert cache.get([first]) == {first: REPLY}


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_spoilt_file_is_set_aside_and_kept(tmp_path, said, content):
    file = tmp_path / "replies.sqlite"
    file.write_bytes(content)
    cache = Cache(file, said.append)
    cache.put({keys(1)[0]: REPLY}, "sft", "x")
    assert cache.get(keys(1)) == {keys(1)[0]: REPLY}
    cache.close()
    (aside,) = tmp_path.glob("replies.sqlite.spoilt-*")
    assert aside.read_bytes() == content
    assert [aside.name in line for line in said] == [True]


def test_a_file_that_is_spoilt_while_it_is_open_is_set_aside_too(cache, said):
    known = keys(3000)
    cache.put(dict.fromkeys(known, Reply("word " * 50, 50, truncated=False)), "sft", "x")
    cache.prune(before=0)  # writes all into the file itself
    cache.close()
    size = cache.file.stat().st_size
    with cache.file.open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"\xa5" * (size - 8192))
    again = Cache(cache.file, said.append)
    again.get(known)
    again.put({known[0]: REPLY}, "sft", "x")
    assert again.get(known)[known[0]] == REPLY
    again.close()
    assert len(said) >= 1
    assert list(cache.file.parent.glob("*.spoilt-*"))


def test_a_file_of_another_version_is_set_aside(tmp_path, said):
    with sqlite3.connect(tmp_path / "replies.sqlite") as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    Cache(tmp_path / "replies.sqlite", said.append).close()
    assert "version 99 where 1 is known" in said[0]


def test_a_folder_that_cannot_be_written_to_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CheckpointError, match=r"cannot keep replies in .*LABIRINTO_HOME.*--cache off"):
        Cache(tmp_path / "file" / "replies.sqlite")


WRITER = """
import sys
from pathlib import Path
from models.inference.reply_cache import Cache, key
from models.requests import Reply
cache = Cache(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{number}"
    cache.put({key(name, {}, {}): Reply(name, 1, False)}, sys.argv[2], "x")
    print(name, flush=True)
"""


def writer(file, name, n):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, file, name, str(n)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_several_processes_write_at_once(tmp_path):
    file, names = tmp_path / "replies.sqlite", ["a", "b", "c"]
    for one in [writer(file, name, 100) for name in names]:
        one.communicate()
        assert one.returncode == 0
    cache = Cache(file)
    assert [(name, n) for name, _, n, *_ in cache.summary()] == [(name, 100) for name in names]
    cache.close()


def test_what_was_committed_survives_a_kill(tmp_path):
    file = tmp_path / "replies.sqlite"
    for moment in (1, 7, 40):
        process = writer(file, "a", 10_000)
        told = [process.stdout.readline().strip() for _ in range(moment)]
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        cache = Cache(file)
        wanted = [key(name, {}, {}) for name in told]
        assert [cache.get([one])[one].text for one in wanted] == told
        cache.close()


def test_the_command_line_shows_and_prunes(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))
    assert main(["cache", "show"]) == 0
    assert "no replies yet" in capsys.readouterr().out
    cache = Cache()
    for name, part in (("sft", keys(6)[:2]), ("dpo", keys(6)[2:])):
        cache.put(dict.fromkeys(part, REPLY), name, "transformers")
    cache.close()
    assert main(["cache", "show"]) == 0
    shown = capsys.readouterr().out
    assert time.strftime("%Y-%m-%d") in shown
    assert [line.split()[:4] for line in shown.splitlines()[2:]] == [
        ["dpo", "transformers", "4", "16"],
        ["sft", "transformers", "2", "8"],
    ]
    assert main(["cache", "prune"]) == 2
    assert "--all" in capsys.readouterr().err
    for arguments, gone in (
        (["--checkpoint", "sft"], 2),
        (["--older-than", "1"], 0),
        (["--older-than", "0"], 4),
        (["--all"], 0),
    ):
        assert main(["cache", "prune", *arguments]) == 0
        assert f"forgot {gone} replies" in capsys.readouterr().out


ENGINE = {"engine": "vllm", "vllm": "0.32.0", "dtype": "float32", "determinism": "batched"}
GREEDY = "7233fa288aff3bac1850149e0ea980d9e66657705cc34f53a14504586ad91668"
SAMPLED = "e9569125bb6033018d53cf4917f12007e1fa7915c1f85a9649ba2d66a3099f57"


@pytest.mark.parametrize(
    ("style", "settings", "digest"),
    [("plain", {}, GREEDY), ("chat", {"reasoning": True, "sample": 2, "temperature": 0.8}, SAMPLED)],
)
def test_the_key_of_a_request_stays_as_it_is(style, settings, digest):
    """As long as it does, replies that people have in their caches are found again."""
    (request,) = requests("tiny", 1, style=style, **settings)
    assert key("content", ENGINE, request.cache_key()).hex() == digest
