"""Replies are committed to the cache while others still come, so that neither a crash nor Ctrl-C loses them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing

from benchmark.mazes.errors import EngineError
from models.checkpoints import Checkpoint
from models.requests import Reply, Request

from .boundary import translate
from .questions import Questions
from .session_cache import SessionCache

COMMIT_SECONDS = 1.0  # after which replies that came are committed

Replies = Generator[tuple[Request, Reply | EngineError]]


class Committer:
    """Commits replies to the cache, and calls the listener each time; what the listener raises is reported once."""

    def __init__(
        self, cache: SessionCache, notify: Callable[[str], None], on_commit: Callable[[Checkpoint], None]
    ) -> None:
        self._cache, self._notify, self._on_commit = cache, notify, on_commit
        self._is_reported = False

    def commit(self, questions: Questions, replies: Replies) -> Replies:
        """The replies as they come. Those of each second are committed together, the last ones whatever happens.

        One transaction for each reply would cost more than a small model does; one for all of them would lose an hour's
        work to a crash.
        """
        fresh: dict[bytes, Reply] = {}
        since = time.monotonic()
        with closing(replies):
            try:
                for request, reply in replies:
                    questions.replies[request.place] = reply  # first, so that whatever is committed is in the run too
                    if request.place in questions.keys and isinstance(reply, Reply):
                        fresh[questions.keys[request.place]] = reply
                    if time.monotonic() - since > COMMIT_SECONDS:
                        self._write(questions, fresh)
                        since = time.monotonic()
                    yield request, reply
            finally:
                self._write(questions, fresh)

    def _write(self, questions: Questions, fresh: dict[bytes, Reply]) -> None:
        if fresh:
            self._cache.put(fresh, questions.checkpoint.name, questions.engine)
            fresh.clear()
        try:
            self._on_commit(questions.checkpoint)
        except Exception as error:  # noqa: BLE001  a plugin's hook, a full disk: it must not end the asking
            if not self._is_reported:
                self._is_reported = True
                name = questions.checkpoint.name
                self._notify(f"replies of {name} cannot be measured as they come: {translate(error)}")
