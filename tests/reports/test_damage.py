"""Whatever a run file holds, the report commands end with an exit code and a line that names the file."""

import copy
import json
import random
import re
from pathlib import Path

import pytest

from reports.__main__ import main

SOUND = (Path(__file__).parent / "corpus" / "schema-3.jsonl").read_bytes()
COMMANDS = [
    ["show", "runs/hurt.jsonl"],
    ["list"],
    ["diff", "hurt", "sound"],
    ["compare", "sound", "hurt"],
    ["leaderboard"],
    ["leaderboard", "runs/hurt.jsonl", "runs/sound.jsonl"],
    ["prune", "--keep", "0", "--dry-run"],
    ["show", "hurt", "--report", "json"],
    ["show", "hurt", "--report", "markdown"],
    ["compare", "latest", "sound"],
]
VALUES = [
    None, True, False, 0, -1, 3, 2**53 + 1, -(10**40), 10**400, 0.5, -0.5, 1e308, float("nan"), float("inf"),
    float("-inf"), "", "x", "\ud800", "\x1b[31m\u202e", "a" * 5000, "2026-13-45", "0001-01-01",
    "9999-12-31T23:59:59+23:59",
    [], [1], [[1, 2]], [[1, float("nan")]], ["a", None], {}, {"a": 1}, {"": {"": []}}, {"loss": [[0, 1.0], [1, 0.0]]},
    {"loss": [[0]]}, {"loss": [["a", "b"]]}, {"runs": 1}, {"fewest": 1, "most": "2"}, {"temperature": "hot"},
    {"temperature": 1e308, "samples": 0}, {"name": ["base"]}, {"name": None},
]  # fmt: skip


def rich():
    """A sound run that has every field that some reader looks at."""
    first, *rows = map(json.loads, SOUND.decode().splitlines())
    first["checkpoint"] |= {
        "content": "ab", "weights": "cd", "base": None, "chat_template": None, "recipe": {"name": "sft"},
        "curve": {"loss": [[0, 2.0], [10, 1.0]], "solved": [[0, 0.1], [10, 0.9]]}, "chain": [None],
    }  # fmt: skip
    first["engine"] |= {"flips": {"runs": 2, "replies": 3, "changed": 1, "outcomes_changed": 0}, "dtype": "float32"}
    first |= {"tokenizer": {"tokens": 9, "fewest": 1, "most": 2, "is_aligned": False}, "saved_as": "hurt"}
    first["machine"]["device"] = "cpu"
    return [first, *rows]


def places(value, path=()):
    """Every place in nested JSON, the whole first."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in children:
        yield from places(one, (*path, key))


def replaced(whole, path, value):
    """The same with another value at a place, or without it where the value is `places` itself."""
    if not path:
        return value
    whole = copy.deepcopy(whole)
    at = whole
    for key in path[:-1]:
        at = at[key]
    if value is places:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return whole


def written(rows):
    return b"\n".join(json.dumps(row).encode() for row in rows) + b"\n"


def by_value(source):
    rows = rich()
    at = source.choice([0, 0, 0, 1, 2])
    path = source.choice(list(places(rows[at])))
    value = source.choice([*VALUES, places]) if path else source.choice(VALUES)
    rows[at] = replaced(rows[at], path, value)
    return written(rows)


def by_bytes(source):
    content = bytearray(written(rich()))
    for _ in range(source.choice([1, 1, 3, 30])):
        content[source.randrange(len(content))] = source.randrange(256)
    return bytes(content)


def by_cut(source):
    content = written(rich())
    first, last = sorted(source.randrange(len(content)) for _ in range(2))
    return source.choice([content[:first], content[last:], content[:first] + content[last:]])


def by_text(source):
    """What JSON, or UTF-8, or a file may be like."""
    content = written(rich())
    first = content.index(b"\n") + 1
    huge = content.replace(b'"prefix": 1', b'"prefix": ' + b"9" * 5000, 1)
    return source.choice(
        [
            b"",
            b"\n \n\r\n",
            b"\xef\xbb\xbf" + content,
            content.decode().encode("utf-16"),
            content.replace(b"\n", b"\r\n"),
            content.replace(b"\n", b"\n\n"),
            content.replace(b"\n", b"\r"),
            content.replace(b'"answer', b'"\xe2\x80\xa8\xc2\x85answer'),
            content.replace(b'"answer', b'"\\ud800answer'),
            content.replace(b'"cores"', b'"deep": ' + b"[" * 100000 + b"]" * 100000 + b', "cores"', 1),
            content.replace(b'"cores"', b'"deep": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b', "cores"', 1),
            content.replace(b'"covariates": {', b'"covariates": {"deep": ' + b"[" * 900 + b"]" * 900 + b", ", 1),
            b"[" * 100000,
            huge,
            content.replace(b'"cores": 2', b'"cores": ' + b"9" * 5000, 1),
            content.replace(b"3", source.choice([b"true", b"3.0", b"[]", b"{}", b"1e999"]), 1),  # the schema
            content.replace(b'"group"', b'"group": "huge", "group"', 1),
            content.replace(b"dfs-0000", source.choice([b"dfs", b"dfs-9999", b"a-b-c-d"])),
            content.replace(b'"shortest": 5', b'"shortest": ' + source.choice([b"-5", b"16", b"9007199254740992"])),
            content.replace(b'"extra": null', b'"extra": ' + source.choice([b"-5", b"0", b"9007199254740992"])),
            content[:first],
            content[first:],
            content + content,
            content[:first] + content,
            bytes(source.randrange(256) for _ in range(2000)),
            b"\x00" * 4096,
            b"{}",
            b"null\n",
            b'{"schema": 3}\n',
            b'{"schema": 2, "started": null, "ended": "2026-11-23T09:52:16+00:00"}\n',
        ]
    )  # fmt: skip


WORDS = re.compile("hurt|the runs (are not|have no)|in one of the runs|in the two runs|no saved run")
DAMAGES = [by_value, by_value, by_value, by_bytes, by_cut, by_text]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "sound.jsonl").write_bytes(SOUND)
    return tmp_path


def call(command, capsys):
    """Exit code, and what was written to the error stream."""
    code = main(command)
    out, err = capsys.readouterr()
    (out + err).encode()  # a terminal can be given it
    return code, err


def check(seeds, folder, capsys, commands):
    """Damaged files, and for each some commands; how often a file could not be read."""
    refused = 0
    file = folder / "runs" / "hurt.jsonl"
    for seed in seeds:
        source = random.Random(seed)
        content = source.choice(DAMAGES)(source)
        file.write_bytes(content)
        for command in commands(source):
            try:
                code, err = call(command, capsys)
            except Exception as error:  # noqa: BLE001  # any of them is what this looks for
                pytest.fail(f"seed {seed}, {command}: {type(error).__name__}: {error}, of {content[:300]}")
            assert code in (0, 1, 2), (seed, command)
            assert "Traceback" not in err
            if code == 2:
                refused += 1
                assert WORDS.search(err), (seed, command, err)
    return refused


def test_a_damaged_run_is_a_line_and_no_traceback(folder, capsys):
    assert check(range(150), folder, capsys, lambda source: source.sample(COMMANDS[:7], 2)) > 50


@pytest.mark.slow
def test_no_command_of_thousands_ends_in_a_traceback(folder, capsys):
    assert check(range(1000, 1500), folder, capsys, lambda source: COMMANDS) > 1500
