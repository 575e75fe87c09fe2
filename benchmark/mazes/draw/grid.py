"""Drawings in which each cell, each wall and each corner has its own place in the lines of text.

A `Grid` describes these places and their characters; writing and reading are the same for all grids. A drawing is read
in two steps: first only its walls and letters, then the resulting maze is drawn again and compared with the text. So
every error is found, with its place and the expected character.
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
    """One drawing. `lines` writes a layout without letters; the other fields describe its places."""

    lines: Callable[[Walls], list[str]]
    size: Callable[[list[str]], tuple[int, int] | None]
    """The rows and columns of a drawing with these lines; None where no maze has as many lines of this width."""
    shape: str
    """The requirement of `size` in words, for the error message."""
    place: Callable[[int, int], Place]
    """The place of the letter of a cell."""
    below: Callable[[int, int], Place]
    """The place that shows whether there is a wall below a cell."""
    right_of: Callable[[int, int], Place]
    """The place that shows whether there is a wall to the right of a cell."""
    legends: Mapping[str, Legend]
    """What a prompt says about the drawing, by language."""
    open_right: str = " "
    """The characters at `right_of` where there is no wall. At `below` it is a space."""
    glyph_step: int = 0
    """See `Drawing.glyph_step`."""

    def between(self, a: Cell, b: Cell) -> Place:
        """Return the place between two neighbours, which shows whether there is a wall."""
        first = min(a, b)
        return self.right_of(*first) if a[0] == b[0] else self.below(*first)

    def write(self, walls: Walls, marks: dict[Cell, str]) -> list[str]:
        lines = self.lines(walls)
        for (row, col), letter in marks.items():
            line, column = self.place(row, col)
            lines[line] = lines[line][:column] + letter + lines[line][column + 1 :]
        return lines

    def read(self, lines: list[str]) -> tuple[Walls, dict[str, Cell]]:
        size = self.size(lines)
        if size is None or min(size) < 1:
            raise MazeError(f"{len(lines)} lines, the first of {len(lines[0])} characters: expected {self.shape}")
        rows, cols = size

        def char_at(place: Place) -> str:
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
                if row + 1 < rows and char_at(self.below(row, col)) not in ("", " "):
                    walls[row, col] |= DOWN
                    walls[row + 1, col] |= UP
                if col + 1 < cols and char_at(self.right_of(row, col)) not in self.open_right:
                    walls[row, col] |= RIGHT
                    walls[row, col + 1] |= LEFT
                if (letter := char_at(self.place(row, col))) in ("S", "G"):
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
        """Raise MazeError at the first difference between the lines and the drawing of the maze that was read."""
        for number, (line, expected_line) in enumerate(zip(lines, expected, strict=False)):
            for column, (char, expected_char) in enumerate(zip(line, expected_line, strict=False)):
                if char != expected_char:
                    cells = {self.place(row, col) for row in range(len(expected)) for col in range(len(expected_line))}
                    choice = f"{expected_char!r}, 'S' or 'G'" if (number, column) in cells else repr(expected_char)
                    raise MazeError(f"line {number + 1}, column {column + 1}: expected {choice}, found {char!r}")
            if len(line) != len(expected_line):
                raise MazeError(f"line {number + 1}: expected {len(expected_line)} characters, found {len(line)}")


def walled(walls: Walls, row: int, col: int, side: int) -> bool:
    """Whether a cell has a wall on a side (one of UP, DOWN, LEFT, RIGHT)."""
    return bool(walls[row, col] & side)
