"""Batches of texts of one length, for models that keep a state, or would see padding: through their own `generate`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from models.requests import Reply, Request

from . import memory
from .rows import Row
from .sampling import choose
from .tokens import TokenizedRequest

MOST_ROWS = 16
"""The replies of a batch come when the last of them has ended: more rows would keep the first waiting."""


class EqualLengths:
    """Generates replies of one model batch by batch; rows that have ended cost as much as the others until all have."""

    def __init__(
        self, model: Any, make_row: Callable[[TokenizedRequest], Row], on_tokens: Callable[[int], None]
    ) -> None:
        self._model, self._make_row, self._on_tokens = model, make_row, on_tokens

    def generate(self, requests: Sequence[TokenizedRequest]) -> Generator[tuple[Request, Reply]]:
        """The replies, in the order of the requests. When memory runs out, this batch is halved, and all after it."""
        left, most = list(requests), MOST_ROWS
        room = int(memory.SHARE * memory.free_bytes(self._model.device)) // memory.bytes_per_token(self._model)
        while left:
            fit = max(1, min(most, room // (len(left[0].ids) + left[0].limit)))
            batch = [self._make_row(one) for one in left[:fit] if len(one.ids) == len(left[0].ids)]
            try:
                replies = self._generate_batch(batch)
            except (MemoryError, RuntimeError) as error:
                if len(batch) == 1 or not memory.is_exhausted(error):
                    raise
                most = len(batch) // 2
                del error, batch  # the frames of the error hold the tensors of the batch
                memory.release()
                continue
            answered = {row.request.place for row in batch}
            left = [one for one in left if one.request.place not in answered]
            yield from zip((row.request for row in batch), replies, strict=True)

    def _generate_batch(self, rows: list[Row]) -> list[Reply]:
        watching = _Watching(rows, self._on_tokens)
        with torch.inference_mode(), warnings.catch_warnings():
            # of prompt tuning, for each token; rows of one length need no others
            warnings.filterwarnings("ignore", "Position ids are not supported")
            self._model.generate(
                input_ids=(ids := torch.tensor([row.ids for row in rows], device=self._model.device)),
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max(row.limit for row in rows),
                logits_processor=LogitsProcessorList([_Choosing(rows)]),
                stopping_criteria=StoppingCriteriaList([watching]),
            )
        return [watching.replies[row.request.place] for row in rows]


class _Choosing(LogitsProcessor):  # type: ignore[misc]
    """Makes the token that is to be next the only one that is possible."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __call__(self, _: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        tokens = choose([row.sampling for row in self._rows], [row.ids for row in self._rows], scores.float())
        chosen = torch.full_like(scores, -torch.inf)
        for place, (row, token) in enumerate(zip(self._rows, tokens, strict=True)):
            chosen[place, row.pick(token)] = 0
        return chosen


class _Watching(StoppingCriteria):  # type: ignore[misc]
    """Appends each new token to its row, and knows the replies of those that are over."""

    def __init__(self, rows: list[Row], on_tokens: Callable[[int], None]) -> None:
        self._rows, self._on_tokens = rows, on_tokens
        self.replies: dict[tuple[str, str, int], Reply] = {}

    def __call__(self, ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        waiting = [
            (row, token)
            for row, token in zip(self._rows, ids[:, -1].tolist(), strict=True)
            if row.request.place not in self.replies
        ]
        for row, token in waiting:
            if (reply := row.add(token)) is not None:
                self.replies[row.request.place] = reply
        self._on_tokens(len(waiting))
        is_over = [row.request.place in self.replies for row in self._rows]
        return torch.tensor(is_over, device=ids.device)
