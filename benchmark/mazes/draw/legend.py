"""What a prompt says about a drawing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Legend:
    """The words about a drawing in one language."""

    symbols: str
    """What the characters stand for; all that a plain prompt says."""
    steps: str
    """How large a cell is in the text, and so what one move is; the chat prompt says this too."""
