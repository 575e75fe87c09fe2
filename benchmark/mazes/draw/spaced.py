"""spaced: `block` with a space between the characters, so that a BPE tokenizer makes one token of each.

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
from .legend import Legend


def _lines(walls: Walls) -> list[str]:
    return [" ".join(line) for line in block.DRAWING.lines(walls)]


def _size(lines: list[str]) -> tuple[int, int] | None:
    height, width = len(lines), len(lines[0])
    return (height // 2, width // 4) if height % 2 and width % 4 == 1 else None


LEGENDS = {
    "en": Legend(
        "# is a wall; every second character is only a space.",
        "Every cell is one character, and so is what lies between two cells, a wall or a blank, with a space "
        "between any two characters of a line: one move is two lines down or four characters across, but one "
        "cell of the maze.",
    ),
    "pt": Legend(
        "# é parede; um em cada dois caracteres é só um espaço.",
        "Cada célula é um caractere, e também o que fica entre duas células, parede ou vazio, com um espaço "
        "entre dois caracteres de uma linha: um movimento são duas linhas para baixo ou quatro caracteres para "
        "o lado, mas uma célula do labirinto.",
    ),
}

DRAWING = Grid(
    _lines,
    _size,
    "an odd number of lines, 3 or more, each of 4 characters for a column of the maze and one more",
    place=lambda row, col: (2 * row + 1, 4 * col + 2),
    below=lambda row, col: (2 * row + 2, 4 * col + 2),
    right_of=lambda row, col: (2 * row + 1, 4 * col + 4),
    legends=LEGENDS,
    glyph_step=2,
)
