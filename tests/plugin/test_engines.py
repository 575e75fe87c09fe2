"""How a session asks: one plan, replies that survive whatever ends it, and what is told of it."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from xml.etree import ElementTree as ET

import pytest

from models.inference.reply_cache import Cache

from .conftest import TINY
from .test_build import _interrupt

pytest_plugins = ["pytester"]

SLOW = "from tests import slow\nslow.install()\n"
CHOSEN = ["test_mazes.py", "--checkpoint", "base", "--engine", "transformers"]
CASES = [*CHOSEN, "-k", "tiny_mazes or small_mazes", "--limit", "60"]  # 120 of them


@pytest.fixture
def slow(project):
    project.extend(SLOW)
    return project


def diary(project, word):
    lines = (project.path / "diary.txt").read_text().splitlines() if (project.path / "diary.txt").exists() else []
    return [line.split()[1:] for line in lines if line.startswith(f"{word} ")]


def table(text):
    """The lines of the table, without the bars that may stand in the same stream."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("mazes  "))
    return lines[start : next(at for at, line in enumerate(lines) if line.startswith("saved "))]


def test_the_first_line_says_what_is_asked_and_the_second_time_nothing_is(slow):
    first = slow.runpytest_subprocess(*CASES)
    assert first.ret == 0
    first.stdout.fnmatch_lines(
        ["labirinto: 1 checkpoint, 120 cases, 0 of 120 replies in the cache, engine: transformers"]
    )
    assert "base: mazes: 100%" in first.stderr.str()
    assert len(diary(slow, "asked")) == 120
    second = slow.runpytest_subprocess(*CASES)
    second.stdout.fnmatch_lines(["labirinto: 1 checkpoint, 120 cases, 120 of 120 replies in the cache, engine: *"])
    assert len(diary(slow, "asked")) == 120
    assert table(second.stdout.str()) == table(first.stdout.str())


def test_the_cache_can_be_refreshed_or_left_alone(slow):
    few = [*CHOSEN, "-k", "tiny_mazes", "--limit", "4"]
    for mode, asked, committed in (("off", 4, 0), ("use", 8, 4), ("refresh", 12, 8), ("use", 12, 8), ("off", 16, 8)):
        assert slow.runpytest_subprocess(*few, "--cache", mode).ret == 0
        assert (len(diary(slow, "asked")), len(diary(slow, "committed"))) == (asked, committed), mode


@pytest.mark.parametrize(
    "selection", [["test_mazes.py::test_small_mazes[base-wilson-0042]"], ["-k", "small_mazes and wilson-0042"]]
)
def test_exactly_what_is_selected_is_asked(slow, selection):
    assert slow.runpytest_subprocess(*selection, *CHOSEN[1:]).ret == 0
    assert [where for _, where in diary(slow, "asked")] == ["small/wilson-0042/0"]


def test_nothing_is_asked_by_collect_only(slow):
    slow.runpytest_subprocess(*CASES, "--collect-only", "-q")
    assert diary(slow, "asked") == []
    assert not (slow.path / "home").exists()


def test_last_failed_asks_for_the_failed_alone(slow, monkeypatch):
    monkeypatch.setenv("SLOW_DIES_AFTER", "3")
    few = [*CHOSEN, "-k", "tiny_mazes", "--limit", "8"]
    assert slow.runpytest_subprocess(*few).ret == 1
    monkeypatch.delenv("SLOW_DIES_AFTER")
    result = slow.runpytest_subprocess(*few, "--lf")
    result.stdout.fnmatch_lines(["labirinto: 1 checkpoint, 5 cases, 0 of 5 replies in the cache*"])


def run(project, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=project.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_nothing_committed_is_asked_twice(slow, monkeypatch):
    """SIGKILL, SIGTERM and SIGINT in turn; what is ended by the last two has also saved its run."""
    monkeypatch.setenv("SLOW_SECONDS", "0.02")  # five seconds in all
    ids = ["test_mazes.py::test_tiny_mazes", "test_mazes.py::test_small_mazes"]
    cases = [*ids, *CHOSEN[1:], "--limit", "120"]  # 240 of them
    kills = subprocess.run(
        [sys.executable, "-m", "tests.plugin.kills", "50", "5", *cases], capture_output=True, text=True, check=True
    )
    ends = [line.split() for line in kills.stdout.splitlines()]
    assert len(ends) == 50
    assert {name for name, *_ in ends} == {"SIGKILL", "SIGTERM", "SIGINT"}
    told = [(int(committed), int(saved)) for _, code, asked, committed, saved in ends if code == "2" and asked != "0"]
    assert len(told) > 10
    assert [saved for committed, saved in told if committed < 240] == [one for one, _ in told if one < 240]
    final = slow.runpytest_subprocess(*cases)
    assert final.ret == 0

    known = set()
    for line in (slow.path / "diary.txt").read_text().splitlines():
        word, key, *_ = *line.split(), ""
        if word == "asked":
            assert key not in known
        elif word == "committed":
            known.add(key)
    assert len(known) == 240
    monkeypatch.setenv("SLOW_SECONDS", "0")
    shutil.rmtree(slow.path / "home")
    assert table(slow.runpytest_subprocess(*cases).stdout.str()) == table(final.stdout.str())


def test_ctrl_c_tells_what_is_there_and_the_same_command_goes_on(slow, monkeypatch):
    monkeypatch.setenv("SLOW_SECONDS", "0.05")
    code, text = _interrupt(slow, rb"base: mazes: +[3-9]\d%", *CASES)
    assert code == pytest.ExitCode.INTERRUPTED
    there = len(diary(slow, "committed"))
    assert 30 <= there < 120
    counted = sum(int(n) for n in re.findall(r"\bbase +(\d+) +100\.0", text))
    assert counted == there
    (saved,) = (slow.path / "runs").iterdir()
    assert len(saved.read_text().splitlines()) == there + 1
    assert diary(slow, "closed")

    result = slow.runpytest_subprocess(*CASES)
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"labirinto: *, {there} of 120 replies in the cache*"])
    assert len({key for key, _ in diary(slow, "asked")}) == 120


def test_ctrl_c_keeps_every_reply_that_a_model_has_finished(project, tiny_model):
    """A real model, whose replies end at different times."""
    arguments = ["test_mazes.py", "--checkpoint", str(tiny_model), "--engine", "transformers", "--limit", "60"]
    arguments += ["-k", "tiny_mazes or small_mazes"]
    code, text = _interrupt(project, rb" [1-9]\d*/120 mazes", *arguments)
    assert code == pytest.ExitCode.INTERRUPTED
    seen = max(map(int, re.findall(r" (\d+)/120 mazes", text)))
    with closing(sqlite3.connect(project.path / "home" / "replies.sqlite")) as base:
        ((kept,),) = base.execute("SELECT count(*) FROM replies")
    assert seen <= kept < 120
    (saved,) = (project.path / "runs").iterdir()
    assert len(saved.read_text().splitlines()) == kept + 1
    result = project.runpytest_subprocess(*arguments)
    result.stdout.fnmatch_lines([f"labirinto: *, {kept} of 120 replies in the cache*"])


def test_an_engine_that_dies_leaves_errors_that_are_told_and_the_same_command_goes_on(slow, monkeypatch):
    monkeypatch.setenv("SLOW_DIES_AFTER", "45")
    result = slow.runpytest_subprocess(*CASES)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*EngineError: it died",
            "base: 75 of 120 cases have no reply (error), and are not counted",
            "=* 75 errors*45 solved*",
        ]
    )
    assert sum(int(n) for n in re.findall(r"\bbase +(\d+) +100\.0", result.stdout.str())) == 45
    (saved,) = (slow.path / "runs").iterdir()
    assert saved.read_text().count('"outcome": "error"') == 75
    monkeypatch.delenv("SLOW_DIES_AFTER")
    again = slow.runpytest_subprocess(*CASES)
    assert again.ret == 0
    again.stdout.fnmatch_lines(["labirinto: *, 45 of 120 replies in the cache*", "=* 120 solved*"])


def test_two_sessions_share_one_cache(slow, monkeypatch):
    monkeypatch.setenv("SLOW_SECONDS", "0.01")
    both = [run(slow, *CASES), run(slow, *CASES)]
    assert [process.wait() for process in both] == [0, 0]
    assert len(set(map(tuple, diary(slow, "committed")))) == 120
    slow.runpytest_subprocess(*CASES).stdout.fnmatch_lines(["labirinto: *, 120 of 120 replies in the cache*"])


def test_other_weights_at_the_same_path_are_asked_anew(project, tiny_model):
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_model, project.path / "model")
    few = ["test_mazes.py", "--checkpoint", "./model", "-k", "tiny_mazes", "--limit", "4"]
    assert project.runpytest_subprocess(*few).ret == 0
    file = project.path / "model" / "model.safetensors"
    before = file.stat()
    save_file({name: value * 1.01 for name, value in load_file(file).items()}, file, metadata={"format": "pt"})
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    project.runpytest_subprocess(*few).stdout.fnmatch_lines(["labirinto: *, 0 of 4 replies in the cache*"])
    (project.path / "model").rename(project.path / "moved")
    few[2] = "./moved"
    project.runpytest_subprocess(*few).stdout.fnmatch_lines(["labirinto: *, 4 of 4 replies in the cache*"])


def test_a_spoilt_cache_is_set_aside_and_the_run_goes_on(slow):
    (slow.path / "home").mkdir()
    (slow.path / "home" / "replies.sqlite").write_text("no database " * 100)
    result = slow.runpytest_subprocess(*CASES)
    assert result.ret == 0
    result.stderr.fnmatch_lines(["labirinto: the replies in *replies.sqlite cannot be read*set aside as *"])


HOSTILE = """
from models.requests import Reply
from tests import slow
_generate = slow.Slow.generate
def generate(self, checkpoint, requests):
    for count, (request, reply) in enumerate(_generate(self, checkpoint, requests)):
        yield request, Reply("answer: \\ud83d R\\x00\\x1b[31m\\u2028", 7.5, 0) if count == 30 else reply
slow.Slow.generate = generate
"""


def test_a_reply_that_utf_8_cannot_encode_costs_nothing(slow):
    slow.extend(HOSTILE)
    result = slow.runpytest_subprocess(*CASES, "--junitxml", "junit.xml", "--report", "csv=report.csv")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*119 solved, 1 unsolved in *"])
    assert len(diary(slow, "committed")) == 120
    (saved,) = (slow.path / "runs").iterdir()
    assert len(saved.read_text(encoding="utf-8").split("\n")) == 122
    assert len(ET.parse(slow.path / "junit.xml").findall(".//testcase")) == 120
    again = slow.runpytest_subprocess(*CASES)
    again.stdout.fnmatch_lines(["labirinto: *, 120 of 120 replies in the cache*"])


IMPATIENT = """
from models.inference import reply_cache, session_cache
reply_cache.PATIENCE, session_cache.LAST, session_cache.RETRY = 0.1, 0.1, 0.2
"""


def test_a_cache_that_another_process_holds_costs_no_reply(slow, monkeypatch):
    slow.extend(IMPATIENT)
    monkeypatch.setenv("SLOW_SECONDS", "0.005")
    (slow.path / "home").mkdir()
    Cache(slow.path / "home" / "replies.sqlite").close()
    holder = sqlite3.connect(slow.path / "home" / "replies.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    result = slow.runpytest_subprocess(*CASES)
    holder.close()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["=* 120 solved in *"])
    (saved,) = (slow.path / "runs").iterdir()
    assert len(saved.read_text().splitlines()) == 121
    text = result.stderr.str()
    assert text.count("replies are not kept: ") == 1
    assert text.count("labirinto: 120 replies are in the table and in the saved run, but not in the cache") == 1


def test_sigterm_ends_a_session_as_ctrl_c_does(slow, monkeypatch):
    monkeypatch.setenv("SLOW_SECONDS", "0.05")
    code, text = _interrupt(slow, rb"base: mazes: +[3-9]\d%", *CASES, number=signal.SIGTERM)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt: SIGTERM" in text
    (saved,) = (slow.path / "runs").iterdir()
    assert len(saved.read_text().splitlines()) == len(diary(slow, "committed")) + 1
    assert diary(slow, "closed")


def test_without_a_place_for_a_cache_it_goes_on_and_says_so(slow, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", "/dev/null/nowhere")
    result = slow.runpytest_subprocess(*CASES)
    assert result.ret == 0
    assert result.stderr.str().count("labirinto: replies are not kept: cannot keep replies in /dev/null/nowhere/") == 1


def test_samples_are_asked_and_told_together(project):
    project.extend(TINY)
    few = ["test_mazes.py", "--checkpoint", "oracle", "--checkpoint", "sft", "-k", "tiny_mazes", "--limit", "8"]
    arguments = [*few, "--samples", "3", "--temperature", "1"]
    result = project.runpytest_subprocess(*arguments, "-v")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "labirinto: 2 checkpoints, 16 cases, 0 of 32 replies in the cache, engine: agents, transformers",
            "*test_tiny_mazes[[]sft-*/3 SOLVED*",
            "mazes *checkpoint *n *k *pass@1 % *pass@3 *pass^3 *majority",
            "tiny *sft *8 *3 *",
        ]
    )
    (saved,) = (project.path / "runs").glob("*-sft.jsonl")
    text = saved.read_text()
    assert [text.count(f'"sample": {at},') for at in range(4)] == [8, 8, 8, 0]
    again = project.runpytest_subprocess(*arguments)
    again.stdout.fnmatch_lines(["labirinto: *, 24 of 32 replies in the cache*"])
    assert table(again.stdout.str()) == table(result.stdout.str())


def test_the_flip_rate_says_what_changes(slow, monkeypatch):
    monkeypatch.setenv("SLOW_FLIPS", "1")
    arguments = [*CHOSEN, "-k", "tiny_mazes", "--limit", "12", "--flip-rate", "4"]
    result = slow.runpytest_subprocess(*arguments)
    result.stdout.fnmatch_lines(["base: of 12 replies 4 changed in 4 runs, and 1 outcomes"])
    (saved,) = (slow.path / "runs").iterdir()
    assert '"flips": {"runs": 4, "replies": 12, "changed": 4, "outcomes_changed": 1}' in saved.read_text()


XDIST = """
def pytest_addoption(parser):
    parser.addoption("--numprocesses", type=int)
"""


def test_workers_are_refused_with_what_to_do(project):
    project.extend(XDIST)
    result = project.runpytest_subprocess(*CASES, "--numprocesses", "4")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*cannot run under pytest-xdist*Remove -n*"])
    assert project.runpytest_subprocess(*CASES, "--numprocesses", "0", "--collect-only", "-q").ret == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "3"], "*--samples needs --temperature*"),
        (["--samples", "0"], "*'0' is not an integer of 1 or more*"),
        (["--temperature", "warm"], "*'warm' is not a number from 0 to 10*"),
        (["--flip-rate", "1"], "*'1' is not an integer of 2 or more*"),
        (["--engine", "steam"], "*invalid choice: 'steam'*auto*"),
        (["--engine", "server"], "*--engine server needs --endpoint URL and --model NAME*"),
        (["--endpoint", "http://127.0.0.1:9/v1"], "*--endpoint URL and --model NAME must be given together*"),
        (["--endpoint", "host:9", "--model", "m"], "*'host:9' is not a valid endpoint*"),
        (
            ["--engine", "server", "--endpoint", "http://h/v1", "--model", "m", "--checkpoint", "sft"],
            "*only asks the model at --endpoint, but sft would run on this machine*",
        ),
    ],
)
def test_wrong_usage_is_told_before_anything_is_done(project, arguments, message):
    result = project.runpytest_subprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    assert not (project.path / "home").exists()
