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
from .legend import Legend


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


LEGENDS = {
    "en": Legend(
        "-- and | are walls, + is a corner.",
        "Every cell is two characters wide and one line high, between the lines and characters that are kept "
        "for walls: one move is two lines down or three characters across, but one cell of the maze.",
    ),
    "pt": Legend(
        "-- e | são paredes, + é um canto.",
        "Cada célula tem dois caracteres de largura e uma linha de altura, entre as linhas e os caracteres "
        "reservados às paredes: um movimento são duas linhas para baixo ou três caracteres para o lado, mas "
        "uma célula do labirinto.",
    ),
}

DRAWING = Grid(
    _lines,
    _size,
    "an odd number of lines, 3 or more, each of 3 characters for a column of the maze and one more",
    place=lambda row, col: (2 * row + 1, 3 * col + 1),
    below=lambda row, col: (2 * row + 2, 3 * col + 1),
    right_of=lambda row, col: (2 * row + 1, 3 * col + 3),
    legends=LEGENDS,
)
