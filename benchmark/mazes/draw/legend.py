"""The explanation of a drawing in a prompt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Legend:
    """The explanation of a drawing in one language."""

    symbols: str
    """The meaning of the characters. A plain prompt has no other explanation."""
    steps: str
    """The size of a cell in the text, and so of a move; only in chat prompts."""
