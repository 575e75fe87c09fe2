"""Ends a reply before its token limit: at a stop text, after the line of its answer, or when it repeats itself.

A model that is asked for one line often continues: a base model writes the next question, an instruct model repeats its
moves. Neither changes what the reply answers, and both would take most of the time of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from benchmark.mazes.answer import find_end_of_answer

from .model_options import GenerationOptions
from .requests import Reply, Request

LONGEST_PERIOD = 256
REPETITIONS = 3
"""How often the repeated text has to occur at least."""


class WatchedRequest(Protocol):
    """What `ReplyWatch` reads of a request: a process that knows no mazes has its own class for it."""

    @property
    def generation(self) -> GenerationOptions: ...

    @property
    def temperature(self) -> float: ...

    @property
    def loop_tokens(self) -> int: ...


class ReplyWatch:
    """Reads the tokens of one reply as they are generated, and says when it is over.

    Without stop texts, `ends_with_answer` and `ends_loops` it never ends a reply, and decodes it only once.
    """

    def __init__(self, request: WatchedRequest, decode: Callable[[Sequence[int]], str]) -> None:
        """`decode` turns token ids into text without special tokens."""
        self.ids: list[int] = []
        self.request = request
        self._decode = decode
        self._options = request.generation
        self._text: str | None = None
        """The text of a reply that was cut within a token."""
        self._is_looping = False
        is_greedy = not request.temperature
        self._loops = Repetition(request.loop_tokens) if self._options.ends_loops and is_greedy else None
        self._longest_stop = max(map(len, self._options.stop), default=0)

    def add(self, token: int) -> bool:
        """Append a token, which does not end the text itself; returns whether the reply is over."""
        self.ids.append(token)
        if self._loops and self._loops.add(token):
            self._is_looping = True
            return True
        return self._has_stop_text() or self._has_answer()

    def reply(self, truncated: bool) -> Reply:
        """The reply; `truncated` if neither the model nor `add` has ended it."""
        text = self._decode(self.ids) if self._text is None else self._text
        is_cut = truncated or self._is_looping
        return Reply(self._options.prefix + text, len(self.ids), is_cut, looped=self._is_looping)

    def _has_stop_text(self) -> bool:
        if not self._longest_stop:
            return False
        # a token is at least one character, except parts of characters: decode twice as many as could be needed
        tail = self._decode(self.ids[-2 * self._longest_stop - 2 :])
        if not any(stop in tail for stop in self._options.stop):
            return False
        text = self._decode(self.ids)
        place = _find_stop(text, self._options.stop)
        if place is None:
            return False
        self._text = text[:place]
        return True

    def _has_answer(self) -> bool:
        if not self._options.ends_with_answer or "\n" not in self._decode(self.ids[-1:]):
            return False
        text = self._options.prefix + self._decode(self.ids)
        end = find_end_of_answer(text)
        if end is None:
            return False
        self._text = text[len(self._options.prefix) : end]
        return True


class Repetition:
    """Finds out whether a sequence of tokens ends with a repetition of at least `tokens` tokens."""

    def __init__(self, tokens: int) -> None:
        self._recent = np.full(LONGEST_PERIOD, -1, dtype=np.int64)  # the newest first
        self._matches = np.zeros(LONGEST_PERIOD, dtype=np.int64)
        """For each period from 1 on: how many of the last tokens are the same as that many tokens before."""
        periods = np.arange(1, LONGEST_PERIOD + 1)
        self._needed = np.maximum(tokens - periods, (REPETITIONS - 1) * periods)

    def add(self, token: int) -> bool:
        """Append a token; returns whether the sequence now ends with a repetition."""
        self._matches = (self._matches + 1) * (self._recent == token)
        self._recent[1:] = self._recent[:-1]
        self._recent[0] = token
        return bool((self._matches >= self._needed).any())


def _find_stop(text: str, stops: Sequence[str]) -> int | None:
    """Where the first stop text begins; None without one."""
    return min((place for stop in stops if (place := text.find(stop)) >= 0), default=None)


def end_reply(text: str, request: Request) -> str:
    """A whole reply, cut where `ReplyWatch` would have ended it: for servers, which cannot be stopped in time."""
    options = request.generation
    text = options.prefix + text[: _find_stop(text, options.stop)]
    end = find_end_of_answer(text) if options.ends_with_answer else None
    return text if end is None else text[:end]
