"""End one session again and again at random moments: `python -m tests.plugin.kills COUNT SEED ARGUMENTS OF PYTEST`.

All sessions are forks of this process, which has imported what they need: a start takes a fraction of a second. For
each one it prints what it was sent, its exit status, how often its diary (`tests.slow`) says that it has asked, how
many replies are committed after it, and how many lines its run has.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import matplotlib.figure  # noqa: F401
import pandas as pd  # noqa: F401
import pytest

import fixtures.plugin  # noqa: F401
import reports.plugin  # noqa: F401
from benchmark.mazes import agents, score
from benchmark.mazes.labirinto_v1 import SUITE

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
DIARY = Path("diary.txt")


def count_asked():
    return DIARY.read_text().count("asked ") if DIARY.exists() else 0


def start(arguments):
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open(os.devnull, "w") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    code = 99
    try:
        # modules that are imported already cannot have their asserts rewritten
        code = pytest.main(["-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments])
    finally:
        os._exit(code)


def end(arguments, number, chance):
    """Start a session, and send it the signal: every third time anywhere, else once it has asked something."""
    before, is_anywhere = count_asked(), chance.random() < 1 / 3
    pid = start(arguments)
    while not is_anywhere and count_asked() == before:
        time.sleep(0.005)
        is_over, status = os.waitpid(pid, os.WNOHANG)
        if is_over:  # it had nothing left to ask
            return os.waitstatus_to_exitcode(status), count_asked() - before
    time.sleep(chance.uniform(0, 1.0 if is_anywhere else 0.1))
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), count_asked() - before


def count_committed():
    return (
        len({line for line in DIARY.read_text().splitlines() if line.startswith("committed ")}) if count_asked() else 0
    )


def count_saved():
    runs = sorted(Path("runs").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    return len(runs[-1].read_text().splitlines()) - 1 if runs else 0


if __name__ == "__main__":
    count, chance = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    case = SUITE.cases("tiny")[0]
    score.score(case.maze, agents.oracle(case))  # Numba compiles, or reads what it has compiled
    for turn in range(count):
        number = SIGNALS[turn % len(SIGNALS)]
        code, asked = end(sys.argv[3:], number, chance)
        print(number.name, code, asked, count_committed(), count_saved(), flush=True)
