"""The replies that are being generated: one `Row` for each."""

from __future__ import annotations

from dataclasses import replace

from models.requests import Reply
from models.stopping import ReplyWatch
from models.thinking import ThinkingBudget

from .codec import Codec
from .sampling import Sampling
from .tokens import TokenizedRequest


class Row:
    """One request and its reply so far."""

    def __init__(self, one: TokenizedRequest, codec: Codec, stop_ids: set[int]) -> None:
        """`stop_ids` are the tokens that end a text."""
        self.request = one.request
        self.prompt = one.ids
        self.ids = [*one.ids]
        """The prompt and the reply so far."""
        self.sampling = Sampling(one.request)
        self.limit, self._stop_ids = one.limit, stop_ids
        self._watch = ReplyWatch(replace(one.request, generation=one.generation), codec.decode)
        self._budget = None
        if one.generation.thinking_budget is not None:
            self._budget = ThinkingBudget(one.generation, codec.decode, codec.encode)
        self._forced: list[int] = []

    def pick(self, token: int) -> int:
        """The next token: the one that was chosen, or one that has to follow because a thought is closed."""
        return self._forced[0] if self._forced else token

    def add(self, token: int) -> Reply | None:
        """Append a token that `pick` returned; returns the reply if it is over."""
        if self._forced:
            del self._forced[0]
        elif token in self._stop_ids:
            return self._watch.reply(truncated=False)
        self.ids.append(token)
        if self._watch.add(token):
            return self._watch.reply(truncated=False)
        if len(self._watch.ids) >= self.limit:
            return self._watch.reply(truncated=True)
        if self._budget and not self._forced:
            self._forced = self._budget.closing(self._watch.ids)
        return None
