"""Continuous batching: rows leave the batch as their replies end, and others take their places."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any

import torch

from models.block_cache import BLOCK, BlockCache
from models.requests import Reply, Request

from . import memory
from .forward import Forward
from .prefixes import Prefixes
from .rows import Row
from .sampling import choose

PREFILL_TOKENS = {"cpu": 2048, "cuda": 16384}
"""The most tokens that are read at once while replies wait."""
MOST_ROWS = {"cpu": 128, "cuda": 512}
"""More rows in a batch gain nothing."""
FIRST_ROWS = 8
"""As many rows begin, so that the first reply comes soon; until it is there, others follow after each `PATIENCE`."""
PATIENCE = 32
REFILL = 8
"""The batch is refilled when this part of its rows is free: reading one prompt at a time costs as much as a step."""

Finished = tuple[Request, Reply]


class Batch:
    """Generates replies of one model, with one cache."""

    def __init__(self, model: Any, prefixes: Prefixes, on_tokens: Callable[[int], None]) -> None:
        self._forward = Forward(model)
        self._prefixes, self._on_tokens = prefixes, on_tokens
        kind = self._forward.device.type
        self._most_rows = MOST_ROWS.get(kind, MOST_ROWS["cpu"])
        self._most_tokens = PREFILL_TOKENS.get(kind, PREFILL_TOKENS["cpu"])
        self._rows: list[Row] = []
        self._queue: deque[Row] = deque()
        self._cache = BlockCache()
        self._room: int | None = None
        """The tokens of all rows that fit in memory; known once one row has been read."""
        self._has_reply = False
        self._tried = 0
        """The rows of the last pass."""
        self._steps = 0
        """Since rows were last admitted."""

    def generate(self, rows: Iterable[Row]) -> Generator[Finished]:
        """The replies, as they end. When memory runs out, the batch is halved."""
        self._queue.extend(rows)
        while self._queue or self._rows:
            try:
                with torch.inference_mode():
                    finished = self._admit() if self._is_time_to_admit() else self._step()
            except (MemoryError, RuntimeError) as error:
                if self._tried == 1 or not memory.is_exhausted(error):
                    raise
                del error  # its frames hold tensors
                self._halve()
                continue
            self._has_reply = self._has_reply or bool(finished)
            yield from finished

    def _is_time_to_admit(self) -> bool:
        if not self._queue or not self._rows:
            return bool(self._queue)
        if self._steps < (1 if self._has_reply else PATIENCE):
            return False
        free = self._most_rows - len(self._rows)
        return free >= min(len(self._queue), max(1, self._most_rows // REFILL)) and self._fits([self._queue[0]])

    def _fits(self, joining: list[Row]) -> bool:
        """Whether rows fit in memory beside those of the batch, until the next block."""
        rows = [*self._rows, *joining]
        return self._room is None or len(rows) * (max(len(row.ids) for row in rows) + BLOCK) <= self._room

    def _admit(self) -> list[Finished]:
        """Read the next prompts of the queue."""
        group = self._next_group()
        self._tried = len(self._rows) + len(group)
        prefix = self._prefixes.cache(group[0], self._forward)
        logits, cache = self._forward.read([row.ids for row in group], prefix)
        if self._room is None:
            self._room = int(memory.SHARE * memory.free_bytes(self._forward.device)) // cache.bytes_per_token
        self._steps = 0
        self._cache.join(cache, min(self._most_rows, len(self._rows) + len(self._queue)))
        for _ in group:
            self._queue.popleft()
        self._rows += group
        return self._add(group, logits)

    def _next_group(self) -> list[Row]:
        """The rows at the beginning of the queue whose prompts can be read together."""
        first = self._queue[0]
        prefix = self._prefixes.length(first)
        most = self._most_rows - len(self._rows)
        if not self._has_reply:
            most = min(most, FIRST_ROWS)
        group = [first]
        longest = shortest = len(first.ids)
        for row in islice(self._queue, 1, most):
            longest, shortest = max(longest, len(row.ids)), min(shortest, len(row.ids))
            is_small = (len(group) + 1) * (longest - prefix) <= self._most_tokens and self._fits([*group, row])
            if not (is_small and longest - shortest <= prefix and self._prefixes.are_same(first, row)):
                break
            group.append(row)
        return group

    def _step(self) -> list[Finished]:
        """Generate one more token of each row."""
        while len(self._rows) > 1 and not self._fits([]):
            self._suspend()
        self._steps += 1
        self._tried = len(self._rows)
        ids = torch.tensor([row.ids[-1:] for row in self._rows])
        logits = self._forward.step(ids, torch.tensor([len(row.ids) for row in self._rows]), self._cache)
        return self._add(self._rows, logits)

    def _add(self, rows: list[Row], logits: torch.Tensor) -> list[Finished]:
        """Append a token to each of these rows, and take those that are over out of the batch."""
        tokens = choose([row.sampling for row in rows], [row.ids for row in rows], logits)
        finished = []
        for row, token in zip(list(rows), tokens, strict=True):
            if (reply := row.add(row.pick(token))) is not None:
                finished.append((row.request, reply))
                self._remove(row)
        self._on_tokens(len(tokens))
        if finished and self._rows:
            self._cache.trim(max(len(row.ids) - 1 for row in self._rows))
        return finished

    def _remove(self, row: Row) -> None:
        """Take a row out of the batch; the last row takes its place, as in the cache."""
        place = self._rows.index(row)
        self._cache.remove(place)
        last = self._rows.pop()
        if last is not row:
            self._rows[place] = last

    def _suspend(self) -> None:
        """Put the row with the fewest tokens back into the queue: it will read its own reply again."""
        row = min(self._rows, key=lambda row: len(row.ids) - len(row.prompt))
        self._remove(row)
        self._queue.appendleft(row)

    def _halve(self) -> None:
        """Begin again with half as many rows: what did not fit once would not fit again."""
        self._most_rows = self._tried // 2
        self._queue.extendleft(reversed(self._rows))
        self._rows, self._cache = [], BlockCache()
        self._prefixes.forget()
        memory.release()
