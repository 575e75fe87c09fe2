"""compact: three characters for each cell, two for its floor and one for its right side; half the text of `block`.

 ________
|S  ___  |
|__|___G_|
"""

from __future__ import annotations

from ..maze import DOWN, RIGHT, Walls
from .grid import Grid
from .legend import Legend

_CELL = [floor + floor + ("|" if mask & RIGHT else floor) for mask in range(16) for floor in "_ "[not mask & DOWN]]


def _lines(walls: Walls) -> list[str]:
    lines = [" " + "_" * (3 * walls.shape[1] - 1)]
    lines += ["|" + "".join([_CELL[mask] for mask in row]) for row in walls.tolist()]
    return lines


def _size(lines: list[str]) -> tuple[int, int] | None:
    width = len(lines[0])
    return (len(lines) - 1, width // 3) if width % 3 == 0 else None


LEGENDS = {
    "en": Legend(
        "_ and | are walls.",
        "Every cell is three characters of one line: its floor, drawn as _ where there is a wall below it, "
        "twice, and its right side, drawn as | where there is a wall. The first line is the top wall.",
    ),
    "pt": Legend(
        "_ e | são paredes.",
        "Cada célula são três caracteres de uma linha: o chão, desenhado como _ onde há uma parede embaixo, "
        "duas vezes, e o lado direito, desenhado como | onde há uma parede. A primeira linha é a parede de "
        "cima.",
    ),
}

DRAWING = Grid(
    _lines,
    _size,
    "2 lines or more, the first of 3 characters for a column of the maze",
    place=lambda row, col: (row + 1, 3 * col + 1),
    below=lambda row, col: (row + 1, 3 * col + 2),
    right_of=lambda row, col: (row + 1, 3 * col + 3),
    open_right=" _",
    legends=LEGENDS,
)
