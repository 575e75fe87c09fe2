"""An engine that takes its time and keeps a diary: what it was asked, and what was committed.

It stands in for transformers in the session of a test, for the nano base, and answers as the oracle does.
"""

import os
import time
from dataclasses import replace
from pathlib import Path

from benchmark.mazes import answer
from benchmark.mazes.agents import oracle
from benchmark.mazes.errors import EngineError
from models import engines
from models.inference import committing
from models.inference import reply_cache as cache
from models.requests import Reply

DIARY = Path("diary.txt")
SECONDS = float(os.environ.get("SLOW_SECONDS", "0"))
DIES_AFTER = int(os.environ.get("SLOW_DIES_AFTER", "-1"))
FLIPS = "SLOW_FLIPS" in os.environ


def write(word, what):
    with DIARY.open("a") as opened:  # one write a line: a kill leaves whole lines
        opened.write(f"{word} {what}\n")


class Slow:
    """The protocol of an engine."""

    startup_seconds = 0.0

    def __init__(self):
        self._calls = 0

    def describe(self, checkpoint):
        return {"engine": "slow"}

    def generate(self, checkpoint, requests):
        self._calls += 1
        for count, request in enumerate(requests):
            if count == DIES_AFTER:
                raise EngineError("it died")
            key = cache.key(checkpoint.content(), self.describe(checkpoint), request.cache_key())
            write("asked", f"{key.hex()} {request.case.group}/{request.case.id}/{request.sample}")
            time.sleep(SECONDS)
            given = answer.write(oracle(request.case))
            if FLIPS and request.case.index == 0:
                is_dfs = request.case.generator == "dfs"  # right the first time, the others never
                given = given if is_dfs and self._calls == 1 else "dunno " * self._calls
            yield request, Reply(given, 3, truncated=False)

    def close(self):
        write("closed", "")


def install():
    """Let the session ask it, and write down what it commits."""
    engines.ENGINES["transformers"] = replace(engines.ENGINES["transformers"], factory=f"{__name__}:Slow")
    put = cache.Cache.put

    def logged(self, replies, *others):
        put(self, replies, *others)
        for key in replies:
            write("committed", key.hex())

    cache.Cache.put = logged
    committing.COMMIT_SECONDS = 0.05
