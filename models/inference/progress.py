"""The progress of asking: a bar that also moves while no reply has ended, by the tokens that were generated."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

PRIOR_REPLIES = 4
"""How many replies the expected length counts for, beside those that have ended."""


class _Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
    """A bar that shows a text of its own beside the percentage."""

    counts = "..."

    @property
    def format_dict(self) -> dict[str, Any]:
        return {**super().format_dict, "counts": self.counts}


class Progress:
    """Counts replies and tokens, and shows them with tokens per second and the time that is left.

    An engine that tells of tokens as it generates them calls `add_tokens`. Of others the tokens of whole replies count.
    """

    def __init__(self, name: str, total: int, cached: int, expected_tokens: float) -> None:
        """`cached` replies of `total` are there; `expected_tokens` is the expected length of the others, on average."""
        self.tokens = 0
        """Of the replies that have ended."""
        self._total, self._cached, self._ended = total, cached, 0
        self._generated = 0
        self._expected = max(1.0, expected_tokens)
        self._began = time.monotonic()
        self._first: tuple[float, float, int] | None = None
        """When the first tokens came, and how many replies and tokens there were: loading a model does not count."""
        self._bar = _Bar(
            total=total,
            initial=cached,
            desc=name,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {counts}",
            miniters=0,
            file=sys.stderr,
        )
        self._show()

    def add_tokens(self, tokens: int) -> None:
        """Count tokens of replies that may not have ended."""
        self._generated += tokens
        self._show()

    def add_reply(self, tokens: int) -> None:
        """Count a reply that has ended; `tokens` are 0 for an error in its place."""
        self._ended += 1
        self.tokens += tokens
        self._show()

    def close(self) -> None:
        self._bar.n = self._cached + self._ended
        self._bar.counts = self._counts(self._bar.n, time.monotonic())
        self._bar.close()

    def _show(self) -> None:
        now = time.monotonic()
        done = self._done()
        if self._first is None and self._all_tokens():
            self._first = now, done, self._all_tokens()
        self._bar.n = done
        self._bar.counts = self._counts(done, now)
        self._bar.update(0)

    def _all_tokens(self) -> int:
        return max(self._generated, self.tokens)

    def _done(self) -> float:
        """The replies that are there, with a part for each one that has begun."""
        left = self._total - self._cached - self._ended
        unfinished = self._all_tokens() - self.tokens
        length = (PRIOR_REPLIES * self._expected + self.tokens) / (PRIOR_REPLIES + self._ended)
        share = unfinished / (length * left) if left else 0.0
        # replies that are longer than expected approach their end, and do not reach it
        return self._cached + self._ended + left * float(share / (1 + share**4) ** 0.25)

    def _counts(self, done: float, now: float) -> str:
        ended = f"{self._cached + self._ended}/{self._total} mazes"
        cached = f" ({self._cached} cached)" if self._cached else ""
        began, before, tokens_before = self._first or (self._began, float(self._cached), 0)
        seconds, gained = now - began, done - before
        left = seconds * (self._total - done) / gained if gained > 0 and done < self._total else 0.0
        remaining = f"<{tqdm.format_interval(left)}" if left else ""
        if self._all_tokens() == tokens_before:
            seconds, tokens_before = now - self._began, 0
        rate = (self._all_tokens() - tokens_before) / seconds if seconds > 0 else 0.0
        speed = f", {rate:.0f} tokens/s" if rate else ""
        return f"{ended}{cached} [{tqdm.format_interval(now - self._began)}{remaining}{speed}]"
