"""Drawings in which each cell, each wall and each corner has its own place in the lines of text.

A `Grid` says where those places are and which characters stand there; writing and reading are the same for all.
A drawing is read by looking at its walls and letters alone, drawing what was seen, and comparing: so whatever is
wrong in it is found, with its place and what was expected there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import MazeError
from ..maze import DOWN, LEFT, RIGHT, UP, Cell, Walls
from .legend import Legend

Place = tuple[int, int]  # line and column of a character, both from 0


@dataclass(frozen=True)
class Grid:
    """One drawing. `lines` writes a layout without letters; the rest says where things stand in it."""

    lines: Callable[[Walls], list[str]]
    size: Callable[[list[str]], tuple[int, int] | None]
    """Rows and columns of the maze that has so many lines of such a width; None where no maze has."""
    shape: str
    """What `size` asks for, in words, for the error."""
    place: Callable[[int, int], Place]
    """Where the letter of a cell stands."""
    below: Callable[[int, int], Place]
    """Where it shows whether a wall stands below a cell."""
    beside: Callable[[int, int], Place]
    """Where it shows whether a wall stands right of a cell."""
    legends: Mapping[str, Legend]
    """What a prompt says of it, by language."""
    open_beside: str = " "
    """What stands there if no wall does; below, it is a space."""
    glyph_step: int = 0
    """See `Drawing.glyph_step`."""

    def between(self, a: Cell, b: Cell) -> Place:
        """What lies between two neighbours: where it shows whether a wall stands there."""
        first = min(a, b)
        return self.beside(*first) if a[0] == b[0] else self.below(*first)

    def write(self, walls: Walls, marks: dict[Cell, str]) -> list[str]:
        lines = self.lines(walls)
        for (row, col), letter in marks.items():
            line, column = self.place(row, col)
            lines[line] = lines[line][:column] + letter + lines[line][column + 1 :]
        return lines

    def read(self, lines: list[str]) -> tuple[Walls, dict[str, Cell]]:
        size = self.size(lines)
        if size is None or min(size) < 1:
            raise MazeError(f"{len(lines)} lines, the first of {len(lines[0])} characters: {self.shape} were expected")
        rows, cols = size

        def at(place: Place) -> str:
            line, column = place
            return lines[line][column] if line < len(lines) and column < len(lines[line]) else ""

        walls = np.zeros((rows, cols), np.uint8)
        walls[0] |= UP
        walls[-1] |= DOWN
        walls[:, 0] |= LEFT
        walls[:, -1] |= RIGHT
        marks: dict[str, Cell] = {}
        for row in range(rows):
            for col in range(cols):
                if row + 1 < rows and at(self.below(row, col)) not in ("", " "):
                    walls[row, col] |= DOWN
                    walls[row + 1, col] |= UP
                if col + 1 < cols and at(self.beside(row, col)) not in self.open_beside:
                    walls[row, col] |= RIGHT
                    walls[row, col + 1] |= LEFT
                if (letter := at(self.place(row, col))) in ("S", "G"):
                    if letter in marks:
                        line, column = self.place(row, col)
                        raise MazeError(
                            f"line {line + 1}, column {column + 1}: a second {letter}, in row {row}, column {col} of "
                            f"the maze; the first is at {marks[letter]}"
                        )
                    marks[letter] = (row, col)
        self._compare(lines, self.write(walls, {cell: letter for letter, cell in marks.items()}))
        return walls, marks

    def _compare(self, lines: list[str], expected: list[str]) -> None:
        """Raise MazeError at the first difference between what was given and what such a drawing looks like."""
        for number, (given, right) in enumerate(zip(lines, expected, strict=False)):
            for column, (found, char) in enumerate(zip(given, right, strict=False)):
                if found != char:
                    cells = {self.place(row, col) for row in range(len(expected)) for col in range(len(right))}
                    either = f"{char!r}, 'S' or 'G'" if (number, column) in cells else repr(char)
                    raise MazeError(f"line {number + 1}, column {column + 1}: {found!r} where {either} was expected")
            if len(given) != len(right):
                raise MazeError(f"line {number + 1} has {len(given)} characters where {len(right)} were expected")


def walled(walls: Walls, row: int, col: int, side: int) -> bool:
    """Whether a wall stands on that side of a cell."""
    return bool(walls[row, col] & side)
