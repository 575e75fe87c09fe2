"""coordinates: the list of neighbours with no wall between them, as maze-dataset writes it (its `AOTP` tokens).

<ADJLIST_START> (0,0) <--> (0,1) ; (0,0) <--> (1,0) ; (0,1) <--> (0,2) ;
(0,2) <--> (1,2) ; (1,1) <--> (1,2) ; <ADJLIST_END>
<ORIGIN_START> (0,0) <ORIGIN_END> <TARGET_START> (1,2) <TARGET_END>

all on one line. A cell with walls on all sides is written alone between two semicolons, so that the size of the maze is
always known; maze-dataset does not have such cells.
"""

from __future__ import annotations

import re

import numpy as np

from ..errors import MazeError
from ..maze import ALL, DOWN, LEFT, RIGHT, UP, Cell, Walls
from .legend import Legend
from .tokens import Tokens

_CELL = re.compile(r"\((\d{1,3}),(\d{1,3})\)")
_ANY_CELL = "a cell such as (0,1)"
_ENDS = {"S": "ORIGIN", "G": "TARGET"}


def write(walls: Walls, marks: dict[Cell, str]) -> list[str]:
    tokens = ["<ADJLIST_START>"]
    for (row, col), mask in np.ndenumerate(walls):
        if not mask & RIGHT:
            tokens.append(f"({row},{col}) <--> ({row},{col + 1}) ;")
        if not mask & DOWN:
            tokens.append(f"({row},{col}) <--> ({row + 1},{col}) ;")
        if mask == ALL:
            tokens.append(f"({row},{col}) ;")
    tokens.append("<ADJLIST_END>")
    for letter, name in _ENDS.items():
        for row, col in (cell for cell, mark in marks.items() if mark == letter):
            tokens.append(f"<{name}_START> ({row},{col}) <{name}_END>")
    return [" ".join(tokens)]


def read(lines: list[str]) -> tuple[Walls, dict[str, Cell]]:
    tokens = [
        (match.group(), number, match.start() + 1)
        for number, line in enumerate(lines, 1)
        for match in re.finditer(r"\S+", line)
    ]
    tokens.append(("", len(lines), len(lines[-1]) + 1))
    at = 0

    def take(*expected: str) -> str:
        """Return the next token. Raises MazeError where it is none of the expected ones."""
        nonlocal at
        token, line, column = tokens[at]
        if not (token in expected or (_ANY_CELL in expected and _CELL.fullmatch(token))):
            wanted = " or ".join(expected)
            raise MazeError(f"line {line}, column {column}: expected {wanted}, found {token or 'the end'!r}")
        at += 1
        return token

    def cell() -> Cell:
        row, col = _CELL.fullmatch(take(_ANY_CELL)).groups()  # type: ignore[union-attr]  # `take` has matched it
        return int(row), int(col)

    take("<ADJLIST_START>")
    pairs: list[tuple[Cell, Cell]] = []
    while tokens[at][0] != "<ADJLIST_END>":
        line, column = tokens[at][1:]
        first = second = cell()
        if take("<-->", ";") == "<-->":
            second = cell()
            take(";")
            if abs(first[0] - second[0]) + abs(first[1] - second[1]) != 1:
                raise MazeError(f"line {line}, column {column}: {first} and {second} are not neighbours")
        pairs.append((first, second))
    take("<ADJLIST_END>")
    marks: dict[str, Cell] = {}
    for letter, name in _ENDS.items():
        if tokens[at][0] == f"<{name}_START>":
            take(f"<{name}_START>")
            marks[letter] = cell()
            take(f"<{name}_END>")
    if tokens[at][0] == "<PATH_START>":  # solved mazes of maze-dataset have the path after the target
        at = len(tokens) - 1
    if tokens[at][0]:
        take("the end")
    return _walls(pairs), marks


def _walls(pairs: list[tuple[Cell, Cell]]) -> Walls:
    cells = [cell for pair in pairs for cell in pair]
    rows, cols = (max((cell[axis] for cell in cells), default=-1) + 1 for axis in (0, 1))
    if missing := rows * cols - len(set(cells)):
        raise MazeError(f"{missing} of the {rows}x{cols} cells are missing; write a cell with walls on all sides alone")
    walls = np.full((rows, cols), ALL, np.uint8)
    for pair in pairs:
        (row, col), (next_row, next_col) = sorted(pair)
        if next_row > row:
            walls[row, col] &= ~np.uint8(DOWN)
            walls[next_row, col] &= ~np.uint8(UP)
        elif next_col > col:
            walls[row, col] &= ~np.uint8(RIGHT)
            walls[row, next_col] &= ~np.uint8(LEFT)
    return walls


LEGENDS = {
    "en": Legend(
        "Pairs of neighbouring cells (row,column) without a wall between them are listed; S is the ORIGIN and "
        "G the TARGET.",
        "Two cells that are not listed as a pair have a wall between them.",
    ),
    "pt": Legend(
        "São listados os pares de células vizinhas (linha,coluna) sem parede entre elas; S é ORIGIN e G é TARGET.",
        "Duas células que não são listadas como par têm uma parede entre si.",
    ),
}

DRAWING = Tokens(write, read, LEGENDS)
