"""Turns token ids into text and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.mazes.answer.thoughts import is_mark


@dataclass(frozen=True)
class Codec:
    """The text of replies. Special tokens are left out of it, except the marks of thoughts.

    `[THINK]` and `<|START_THINKING|>` are special tokens: without them a thought would be read as the reply.
    """

    tokenizer: Any
    """One of transformers."""
    hidden: frozenset[int]
    """The special tokens that are left out; empty where all are."""

    @classmethod
    def of(cls, tokenizer: Any) -> Codec:
        added = {token_id: token.content for token_id, token in tokenizer.added_tokens_decoder.items() if token.special}
        marks = {token_id for token_id, content in added.items() if is_mark(content)}
        return cls(tokenizer, frozenset({*added, *tokenizer.all_special_ids} - marks if marks else ()))

    def decode(self, ids: Sequence[int]) -> str:
        text: str
        if self.hidden:
            text = self.tokenizer.decode([token for token in ids if token not in self.hidden])
        else:
            text = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def encode(self, text: str) -> list[int]:
        """The ids of a text that continues another."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids
