"""How many tokens a reply may have. It is the same for all mazes of a size, so that it gives nothing away."""

from __future__ import annotations

REPLY = (64, 11, 5)
"""Tokens beside the cells; tokens that a cell may take, the longest that the nano family's searches get; and how often
each cell may be named."""
THOUGHTS = 4096
"""The tokens that reasoning may take beside the answer."""


def reply_tokens(cells: int, tokens_per_cell: int = 1) -> int:
    """The most tokens that a reply about a maze of so many cells may have.

    Args:
        cells: the cells of the maze, rows times columns.
        tokens_per_cell: the tokens that the name of a cell takes in the model's tokenizer.
    """
    fixed, per_cell, mentions = REPLY
    return fixed + max(per_cell, mentions * tokens_per_cell) * cells
