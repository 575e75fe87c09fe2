"""spaced: `block` with a space between the characters, so that a BPE tokenizer gives each its own token.

# # # # # # #
# S         #
#   # # #   #
#   #     G #
# # # # # # #
"""

from __future__ import annotations

from ..maze import Walls
from . import block
from .grid import Grid


def _lines(walls: Walls) -> list[str]:
    return [" ".join(line) for line in block.STYLE.lines(walls)]


def _size(lines: list[str]) -> tuple[int, int] | None:
    height, width = len(lines), len(lines[0])
    return (height // 2, width // 4) if height % 2 and width % 4 == 1 else None


STYLE = Grid(
    _lines,
    _size,
    "an odd number of lines, 3 or more, each of 4 characters for a column of the maze and one more",
    place=lambda row, col: (2 * row + 1, 4 * col + 2),
    below=lambda row, col: (2 * row + 2, 4 * col + 2),
    beside=lambda row, col: (2 * row + 1, 4 * col + 4),
)
