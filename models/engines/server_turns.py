"""The order in which a server is asked, and when it is not asked any more."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from models.requests import Request

from .server_errors import Kind, RequestError

HOPELESS = 8  # requests, half of them of the smallest mazes: where all fail, the endpoint is not asked for the rest


class Turns:
    """Whose turn it is: the largest mazes first, and both ends while it is in doubt whether the endpoint is of use.

    Requests of all sizes have to fail before an endpoint is given up: one with a small context replies to small mazes.
    Those that were asked first have to: a gateway may refuse at once, while the model behind it is still writing.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        self._left = deque(sorted(requests, key=lambda request: (-request.cells, request.place)))
        self._lock = threading.Lock()
        self._since: dict[tuple[str, str, int], _Turn] = {}
        """Those that were asked after the last reply had come, in this order."""
        self._before: set[tuple[str, str, int]] = set()
        """Those that were asked before it came, and are not answered yet: they may be replied to."""
        self._is_in_doubt = True
        self.has_replied = False

    def take(self) -> Request | None:
        with self._lock:
            if not self._left:
                return None
            is_small = self._is_in_doubt and len(self._since) % 2 == 0
            request = self._left.pop() if is_small else self._left.popleft()
            self._since[request.place] = _Turn(is_small)
            return request

    def replied(self, request: Request) -> None:
        with self._lock:
            self.has_replied, self._is_in_doubt = True, False
            self._before |= {place for place, turn in self._since.items() if not turn.has_failed}
            self._before.discard(request.place)
            self._since.clear()

    def failed(self, request: Request, failure: RequestError) -> bool:
        """Whether all that were asked first, of both ends, have failed: then the rest is not asked."""
        with self._lock:
            self._before.discard(request.place)
            if self.has_replied and failure.kind is Kind.REQUEST:
                self._since.pop(request.place, None)  # it says nothing about others
                return False
            self._is_in_doubt = True
            if request.place in self._since:
                self._since[request.place].has_failed = True
            failed = list(takewhile(lambda turn: turn.has_failed, self._since.values()))
            is_hopeless = len(failed) >= HOPELESS and sum(turn.is_small for turn in failed) >= HOPELESS // 2
            return is_hopeless and not self._before


@dataclass
class _Turn:
    is_small: bool
    """Whether it was taken from the end of the small mazes."""
    has_failed: bool = False
