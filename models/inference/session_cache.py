"""The reply cache as a session uses it: no trouble with its file costs a reply.

What cannot be committed stays in memory and is tried again, now and then while replies come and once more at the end.
What cannot be looked up is asked for. The user is told of the first trouble, and of how it ended.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from models.requests import Reply

from . import reply_cache as cache
from .reply_cache import Cache

RETRY = 10.0  # seconds between attempts after one has failed
BRIEF = 1.0  # seconds that such an attempt waits for another process: meanwhile no reply is read
LAST = 30.0  # seconds that the last attempt waits for another process


class SessionCache:
    """The cache, opened when it is first needed, and again after trouble; `notify` is given what the user should know.

    None of its methods raises anything but KeyboardInterrupt and the like.
    """

    def __init__(self, notify: Callable[[str], None] = print) -> None:
        self._notify = notify
        self._cache: Cache | None = None
        self._pending: dict[tuple[str, str], dict[bytes, Reply]] = {}
        self._not_before = -math.inf
        """The time (`time.monotonic`) before which the file is left alone."""
        self._trouble = ""
        """Why the last attempt failed; empty when there was none, or when it succeeded."""
        self._is_told = False

    @property
    def pending(self) -> int:
        """How many replies are in memory alone."""
        return sum(map(len, self._pending.values()))

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """Those replies that are known, in the file or in memory."""
        replies: dict[bytes, Reply] = {}
        if time.monotonic() >= self._not_before:
            try:
                replies = self._opened().get(keys)
            except Exception as error:  # noqa: BLE001  whatever it is, it must not cost a reply
                self._fail(error)
        waiting = {key: reply for part in self._pending.values() for key, reply in part.items()}
        return replies | {key: waiting[key] for key in keys if key in waiting}

    def put(self, replies: Mapping[bytes, Reply], checkpoint: str, engine: str) -> None:
        """Commit replies; those that cannot be committed now are kept in memory."""
        self._pending.setdefault((checkpoint, engine), {}).update(replies)
        if time.monotonic() >= self._not_before:
            self._commit(self._opened)

    def finish(self) -> None:
        """Commit what is left, and tell how it ended where there was trouble; what cannot be committed is given up."""
        if self._pending:
            self.close()
            self._commit(lambda: self._opened(LAST))
        if self._pending:
            self._notify(
                f"{self.pending} replies are in the table and in the saved run, but not in the cache "
                f"({self._trouble}); the same command asks for them again"
            )
            self._pending.clear()
        elif self._is_told:
            self._notify("all replies of this session are in the cache now")
        self._is_told = False

    def close(self) -> None:
        """Close the file."""
        if self._cache:
            with suppress(Exception):
                self._cache.close()
            self._cache = None

    def _opened(self, patience: float | None = None) -> Cache:
        if self._cache is None:
            if patience is None and self._trouble:
                patience = min(BRIEF, cache.PATIENCE)
            self._cache = Cache(notify=self._notify, patience=patience)
        return self._cache

    def _commit(self, opened: Callable[[], Cache]) -> None:
        try:
            for group, replies in list(self._pending.items()):
                opened().put(replies, *group)
                del self._pending[group]
            self._trouble = ""
        except Exception as error:  # noqa: BLE001  whatever it is, it must not cost a reply
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Tell it once, and begin with a new connection next time."""
        self.close()
        self._not_before = time.monotonic() + RETRY
        if not self._is_told:
            self._is_told = True
            self._notify(
                f"replies are not kept: {error}. They stay in memory for the table and the saved run, and are "
                "committed as soon as that is possible"
            )
        self._trouble = str(error)
