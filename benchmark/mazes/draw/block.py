"""block: one character for each wall, cell and corner.

#######
#S    #
# ### #
# #  G#
#######
"""

from __future__ import annotations

from ..maze import DOWN, RIGHT, Walls
from .grid import Grid
from .legend import Legend

# by the mask of a cell: the cell with its right side, and in the line below its lower side with the corner
_CELL = [" #" if mask & RIGHT else "  " for mask in range(16)]
_BELOW = ["##" if mask & DOWN else " #" for mask in range(16)]


def _lines(walls: Walls) -> list[str]:
    lines = ["#" * (2 * walls.shape[1] + 1)]
    for row in walls.tolist():
        lines.append("#" + "".join([_CELL[mask] for mask in row]))
        lines.append("#" + "".join([_BELOW[mask] for mask in row]))
    return lines


def _size(lines: list[str]) -> tuple[int, int] | None:
    height, width = len(lines), len(lines[0])
    return (height // 2, width // 2) if height % 2 and width % 2 else None


LEGENDS = {
    "en": Legend(
        "# is a wall.",
        "Every cell is one character, in every second line and every second column of the text, and the "
        "character between two cells is a wall or open: one move is two characters of the text, but one cell "
        "of the maze.",
    ),
    "pt": Legend(
        "# é parede.",
        "Cada célula é um caractere, em uma de cada duas linhas e uma de cada duas colunas do texto, e o "
        "caractere entre duas células é parede ou livre: um movimento são dois caracteres do texto, mas uma "
        "célula do labirinto.",
    ),
}

DRAWING = Grid(
    _lines,
    _size,
    "an odd number of lines and of characters, 3 or more",
    place=lambda row, col: (2 * row + 1, 2 * col + 1),
    below=lambda row, col: (2 * row + 2, 2 * col + 1),
    right_of=lambda row, col: (2 * row + 1, 2 * col + 2),
    legends=LEGENDS,
    glyph_step=1,
)
