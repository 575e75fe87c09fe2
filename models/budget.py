"""The token limit of a reply. It is equal for all mazes of a size, so that it reveals nothing about the solution."""

from __future__ import annotations

REPLY = (64, 11, 5)
"""A fixed number of tokens; the tokens per cell of the longest searches of the nano family; and how often the name of
each cell may occur."""
THOUGHTS = 4096
"""The additional tokens for reasoning before the answer."""
LOOP = (64, 2)
"""The length of a repetition, in tokens, that ends a reply: a fixed number, and tokens for each row and column. A right
answer may be periodic too, such as `D R D R`, but not for longer than rows and columns together."""


def reply_tokens(cells: int, tokens_per_cell: int = 1) -> int:
    """The token limit of a reply.

    Args:
        cells: the cells of the maze, rows times columns.
        tokens_per_cell: the tokens that the name of a cell takes in the model's tokenizer.
    """
    fixed, per_cell, mentions = REPLY
    return fixed + max(per_cell, mentions * tokens_per_cell) * cells


def loop_tokens(rows: int, cols: int) -> int:
    """The number of tokens of a repetition that ends a reply about a maze of this size."""
    fixed, per_side = LOOP
    return fixed + per_side * (rows + cols)
