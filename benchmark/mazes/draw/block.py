"""block: every wall, cell and corner is one character.

#######
#S    #
# ### #
# #  G#
#######
"""

from __future__ import annotations

import numpy as np

from ..maze import DOWN, RIGHT, Walls
from .grid import Grid


def _lines(walls: Walls) -> list[str]:
    rows, cols = walls.shape
    canvas = np.full((2 * rows + 1, 2 * cols + 1), "#")
    canvas[1::2, 1::2] = " "
    canvas[1:-1:2, 2:-1:2][walls[:, :-1] & RIGHT == 0] = " "
    canvas[2:-1:2, 1:-1:2][walls[:-1] & DOWN == 0] = " "
    return ["".join(line) for line in canvas]


def _size(lines: list[str]) -> tuple[int, int] | None:
    height, width = len(lines), len(lines[0])
    return (height // 2, width // 2) if height % 2 and width % 2 else None


STYLE = Grid(
    _lines,
    _size,
    "an odd number of lines and of characters, 3 or more",
    place=lambda row, col: (2 * row + 1, 2 * col + 1),
    below=lambda row, col: (2 * row + 2, 2 * col + 1),
    beside=lambda row, col: (2 * row + 1, 2 * col + 2),
)
