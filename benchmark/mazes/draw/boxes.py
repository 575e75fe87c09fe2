"""boxes: corners are +, walls are -- and |.

+--+--+--+
|S       |
+  +--+  +
|  |   G |
+--+--+--+
"""

from __future__ import annotations

from ..maze import DOWN, LEFT, RIGHT, UP, Walls
from .grid import Grid, walled


def _lines(walls: Walls) -> list[str]:
    rows, cols = walls.shape
    lines = ["+" + "".join("--+" if walled(walls, 0, col, UP) else "  +" for col in range(cols))]
    for row in range(rows):
        first = "|" if walled(walls, row, 0, LEFT) else " "
        lines.append(first + "".join("  |" if walled(walls, row, col, RIGHT) else "   " for col in range(cols)))
        lines.append("+" + "".join("--+" if walled(walls, row, col, DOWN) else "  +" for col in range(cols)))
    return lines


def _size(lines: list[str]) -> tuple[int, int] | None:
    height, width = len(lines), len(lines[0])
    return (height // 2, width // 3) if height % 2 and width % 3 == 1 else None


STYLE = Grid(
    _lines,
    _size,
    "an odd number of lines, 3 or more, each of 3 characters for a column of the maze and one more",
    place=lambda row, col: (2 * row + 1, 3 * col + 1),
    below=lambda row, col: (2 * row + 2, 3 * col + 1),
    beside=lambda row, col: (2 * row + 1, 3 * col + 3),
)
