"""A session over a server that replies to some questions and misbehaves with the others."""

import sqlite3
import threading

from reports.run import read

from ..models.misbehaving import KEY, ODDITIES, REFUSALS
from ..models.serving import reply, serving

pytest_plugins = ["pytester"]

BAD = ["401", "404", "400", "500", "200 with an error", "HTML", "empty choices", "a body that is cut"]
ODD = [
    "its key",
    "an empty usage",
    "a usage of 10^30",
    "a usage of 4.5",
    "characters that no file takes",
    "a thought alone",
]
FEW = ["test_mazes.py", "-k", "tiny_mazes", "--limit", "40", "--model", "org/m"]


def test_good_replies_are_kept_scored_and_saved_and_the_key_is_nowhere(project, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    project.extend("from models.engines import server\nserver.WAIT = 0.001\nserver.TRIES = 1\n")
    ways = [*(REFUSALS[name][0] for name in BAD), *(ODDITIES[name][0] for name in ODD), *[reply] * 6]  # 20 of them
    chosen, lock = {}, threading.Lock()

    def mixed(handler, body, number):
        with lock:  # each question meets with one of them, however often it is asked
            behave = chosen.setdefault(body["messages"][-1]["content"], ways[len(chosen) % 20])
        behave(handler, body)

    with serving(mixed) as (endpoint, seen):
        arguments = [*FEW, "--endpoint", endpoint]
        result = project.runpytest_subprocess(*arguments, "--junitxml", "junit.xml", "-v", "--log-level", "DEBUG")
        first = len(seen)
        again = project.runpytest_subprocess(*arguments)
    bad = 2 * len(BAD)
    assert result.ret == 1
    assert result.parseoutcomes() == {"errors": bad, "unsolved": 40 - bad, "deselected": 160}
    again.stdout.fnmatch_lines([f"labirinto: 1 checkpoint, 40 cases, {40 - bad} of 40 replies in the cache, *"])
    assert len(seen) - first <= 2 * bad  # the good replies are not asked for again

    files = sorted((project.path / "runs").glob("*.jsonl"))
    runs = [read(file) for file in files]
    scored = [[line for line in run.records if line.outcome != "error"] for run in runs]
    assert [len(lines) for lines in scored] == [40 - bad] * 2
    replies = {line.reply for line in scored[0]}
    assert {"answer: R D", "*** answer: R D", "<think>\nanswer: U\n</think>\n"} <= replies
    assert all(0 < line.tokens < 10 for line in scored[0])
    with sqlite3.connect(project.path / "home" / "replies.sqlite") as base:
        assert base.execute("SELECT count(*) FROM replies").fetchone() == (40 - bad,)
    base.close()

    texts = [result.stdout.str(), result.stderr.str(), again.stdout.str(), again.stderr.str()]
    texts += [file.read_bytes().decode("utf-8", "replace") for file in project.path.rglob("*") if file.is_file()]
    assert len(texts) > 8
    for part in (KEY, KEY[:20], KEY[12:32]):
        assert not [text for text in texts if part in text]
    # the terminal shows the first few of many reasons, JUnit all
    assert any("HTTP 401: Incorrect API key provided: ***" in text for text in texts if text.startswith("<?xml"))
