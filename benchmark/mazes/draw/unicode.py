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

# the character that joins the walls above, below, left and right of a corner (bits 1, 2, 4, 8)
CORNERS = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"


def _lines(walls: Walls) -> list[str]:
    rows, cols = walls.shape

    def flat(row: int, col: int) -> bool:
        """Whether there is a wall on the upper side of cell (row, col), where row may be `rows`: the lower border."""
        if not 0 <= col < cols:
            return False
        return row == 0 or walled(walls, row - 1, col, DOWN)

    def upright(row: int, col: int) -> bool:
        """Whether there is a wall on the left side of cell (row, col), where col may be `cols`: the right border."""
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

# cells and walls have the same places as in `spaced`
DRAWING = replace(spaced.DRAWING, lines=_lines, legends=LEGENDS, glyph_step=0)
