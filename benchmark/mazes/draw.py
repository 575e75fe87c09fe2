"""A maze as ASCII art, in each drawing, and back again.

`block` gives every wall and every cell one character, so rows and columns of text are even:

    #######
    #S    #
    # ### #
    # #G  #
    #######

`compact` gives a cell three characters, a floor of two and its right side, and draws the same maze in less than
half the text:

     ________
    |S_ ___  |
    |__|G____|
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import MazeError
from .maze import DOWN, LEFT, RIGHT, UP, Cell, Maze, Walls


@dataclass(frozen=True)
class Drawing:
    """How a maze is drawn, and how the drawing is read back into the same maze."""

    write: Callable[[Walls, dict[Cell, str]], list[str]]
    read: Callable[[list[str]], tuple[Walls, dict[str, Cell]]]


def draw(maze: Maze, drawing: str) -> str:
    """The maze as lines of text, start marked S and goal G; no newline at the end.

    Raises MazeError for an unknown drawing.
    """
    return draw_walls(maze.walls, drawing, {maze.start: "S", maze.goal: "G"})


def draw_walls(walls: Walls, drawing: str, marks: dict[Cell, str] | None = None) -> str:
    """A layout as lines of text, with a letter on each marked cell."""
    return "\n".join(_drawing(drawing).write(walls, marks or {}))


def read(text: str, drawing: str) -> Maze:
    """The maze that `draw` drew as this text.

    Raises MazeError, naming row, column and what was expected, where the text is no such drawing.
    """
    lines = text.strip("\n").split("\n")
    walls, marks = _drawing(drawing).read(lines)
    for name in "SG":
        if name not in marks:
            raise MazeError(f"the drawing has no {name}")
    return Maze(walls, marks["S"], marks["G"])


def _drawing(name: str) -> Drawing:
    if name not in DRAWINGS:
        raise MazeError(f"unknown drawing {name!r}: choose one of {', '.join(DRAWINGS)}")
    return DRAWINGS[name]


def _expect(lines: list[str], row: int, col: int, allowed: str) -> str:
    char = lines[row][col]
    if char not in allowed:
        raise MazeError(f"line {row + 1}, column {col + 1}: {char!r} where one of {allowed!r} was expected")
    return char


def _even(lines: list[str], width: int) -> None:
    for number, line in enumerate(lines, 1):
        if len(line) != width:
            raise MazeError(f"line {number} has {len(line)} characters where {width} were expected")


def _mark(marks: dict[str, Cell], char: str, cell: Cell) -> None:
    if char in marks:
        raise MazeError(f"a second {char} at row {cell[0]}, column {cell[1]}; the first is at {marks[char]}")
    marks[char] = cell


def _write_block(walls: Walls, marks: dict[Cell, str]) -> list[str]:
    rows, cols = walls.shape
    canvas = np.full((2 * rows + 1, 2 * cols + 1), "#")
    canvas[1::2, 1::2] = " "
    canvas[1:-1:2, 2:-1:2][walls[:, :-1] & RIGHT == 0] = " "
    canvas[2:-1:2, 1:-1:2][walls[:-1] & DOWN == 0] = " "
    for (row, col), letter in marks.items():
        canvas[2 * row + 1, 2 * col + 1] = letter
    return ["".join(line) for line in canvas]


def _read_block(lines: list[str]) -> tuple[Walls, dict[str, Cell]]:
    height, width = len(lines), len(lines[0])
    if height % 2 == 0 or width % 2 == 0 or height < 3 or width < 3:
        raise MazeError(f"a block drawing has an odd number of lines and columns, 3 or more, not {height} and {width}")
    _even(lines, width)
    walls = np.full((height // 2, width // 2), UP | DOWN | LEFT | RIGHT, np.uint8)
    marks: dict[str, Cell] = {}
    for row in range(height):
        for col in range(width):
            r, c = row // 2, col // 2
            border = row in (0, height - 1) or col in (0, width - 1)
            if row % 2 and col % 2:
                if (char := _expect(lines, row, col, " SG")) != " ":
                    _mark(marks, char, (r, c))
            elif border or (row % 2 == 0 and col % 2 == 0):
                _expect(lines, row, col, "#")
            elif _expect(lines, row, col, "# ") == " ":
                if row % 2:
                    walls[r, c - 1] &= ~np.uint8(RIGHT)
                    walls[r, c] &= ~np.uint8(LEFT)
                else:
                    walls[r - 1, c] &= ~np.uint8(DOWN)
                    walls[r, c] &= ~np.uint8(UP)
    return walls, marks


def _write_compact(walls: Walls, marks: dict[Cell, str]) -> list[str]:
    lines = [" " + "_" * (3 * walls.shape[1] - 1)]
    for r, row in enumerate(walls.tolist()):
        line = "|"
        for c, mask in enumerate(row):
            floor = "_" if mask & DOWN else " "
            line += marks.get((r, c), floor) + floor + ("|" if mask & RIGHT else floor)
        lines.append(line)
    return lines


def _read_compact(lines: list[str]) -> tuple[Walls, dict[str, Cell]]:
    top, rows = lines[0], len(lines) - 1
    cols = (len(top) + 1) // 3
    if rows < 1 or cols < 1 or top != " " + "_" * (3 * cols - 1):
        raise MazeError("line 1 of a compact drawing is a space and then underscores, three for a cell less one")
    _even(lines[1:], 3 * cols + 1)
    walls = np.zeros((rows, cols), np.uint8)
    walls[0] |= UP
    walls[:, 0] |= LEFT
    marks: dict[str, Cell] = {}
    for r in range(rows):
        _expect(lines, r + 1, 0, "|")
        for c in range(cols):
            at = 3 * c + 1
            floor = _expect(lines, r + 1, at + 1, "_" if r == rows - 1 else "_ ")
            if (char := _expect(lines, r + 1, at, floor + "SG")) != floor:
                _mark(marks, char, (r, c))
            right = _expect(lines, r + 1, at + 2, "|" if c == cols - 1 else floor + "|")
            if floor == "_":
                walls[r, c] |= DOWN
                if r + 1 < rows:
                    walls[r + 1, c] |= UP
            if right == "|":
                walls[r, c] |= RIGHT
                if c + 1 < cols:
                    walls[r, c + 1] |= LEFT
    return walls, marks


DRAWINGS = {
    "block": Drawing(_write_block, _read_block),
    "compact": Drawing(_write_compact, _read_compact),
}
