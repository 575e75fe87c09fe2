"""unicode: box-drawing characters, joined at the corners.

┌───────────┐
│ S         │
│   ┌───╴   │
│   │     G │
└───┴───────┘
"""

from __future__ import annotations

from dataclasses import replace

from ..maze import DOWN, RIGHT, Walls
from . import spaced
from .grid import walled
from .legend import Legend

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


LEGENDS = {
    "en": Legend(
        "Lines are walls.",
        "Every cell is three characters wide and one line high, between the lines and characters that are kept "
        "for walls: one move is two lines down or four characters across, but one cell of the maze.",
    ),
    "pt": Legend(
        "As linhas são paredes.",
        "Cada célula tem três caracteres de largura e uma linha de altura, entre as linhas e os caracteres "
        "reservados às paredes: um movimento são duas linhas para baixo ou quatro caracteres para o lado, mas "
        "uma célula do labirinto.",
    ),
}

# cells and walls stand where those of `spaced` do
DRAWING = replace(spaced.DRAWING, lines=_lines, legends=LEGENDS, glyph_step=0)
