"""Ends the thoughts of a reply that have used up their tokens, so that the answer still comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmark.mazes.answer.thoughts import find_open_thought

from .model_options import GenerationOptions

EVERY = 16
"""A reply beyond its budget is looked at after so many tokens each."""


class ThinkingBudget:
    """Says with which tokens a reply has to go on, because its thoughts have used up `thinking_budget` tokens.

    The budget is counted from the beginning of the reply. A thought may also have been begun by the prompt: then
    `prefix` of the options has its mark.
    """

    def __init__(
        self,
        options: GenerationOptions,
        decode: Callable[[Sequence[int]], str],
        encode: Callable[[str], list[int]],
    ) -> None:
        """`decode` and `encode` turn token ids into text and back; `encode` adds no special tokens, and knows them."""
        self._budget, self._prefix = options.thinking_budget, options.prefix
        self._decode, self._encode = decode, encode

    def closing(self, ids: Sequence[int]) -> list[int]:
        """The tokens that have to follow those of a reply; empty where it may go on as it likes."""
        if self._budget is None or len(ids) < self._budget or (len(ids) - self._budget) % EVERY:
            return []
        thought = find_open_thought(self._prefix + self._decode(ids))
        return self._encode(thought.closing) if thought else []
