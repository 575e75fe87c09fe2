"""unicode: box-drawing characters, joined at the corners.

┌───────────┐
│ S         │
│   ┌───╴   │
│   │     G │
└───┴───────┘
"""

from __future__ import annotations

from ..maze import DOWN, RIGHT, Walls
from .grid import Grid, walled

# the character that joins walls going up, down, left and right of a corner: bits 1, 2, 4, 8
CORNERS = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"


def _lines(walls: Walls) -> list[str]:
    rows, cols = walls.shape

    def flat(row: int, col: int) -> bool:
        """Whether a wall lies along the top of cell (row, col); the lattice ends at (rows, cols)."""
        if not 0 <= col < cols:
            return False
        return row == 0 or walled(walls, row - 1, col, DOWN)

    def upright(row: int, col: int) -> bool:
        """Whether a wall stands along the left of cell (row, col)."""
        if not 0 <= row < rows:
            return False
        return col == 0 or walled(walls, row, col - 1, RIGHT)

    lines = []
    for row in range(rows + 1):
        line = ""
        for col in range(cols + 1):
            joined = upright(row - 1, col) | upright(row, col) << 1 | flat(row, col - 1) << 2 | flat(row, col) << 3
            line += CORNERS[joined] + ("───" if flat(row, col) else "   ")
        lines.append(line[: 4 * cols + 1])
        if row < rows:
            lines.append("   ".join("│" if upright(row, col) else " " for col in range(cols + 1)))
    return lines


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
