"""An answer that is the drawing itself, with marks on the cells of the way.

#######
#S....#        any character that the drawing has not there is a mark;
# ###.#        places between two cells may be marked or left open
# #  G#
#######
"""

from __future__ import annotations

from ..draw import DRAWINGS, Glyphs, Grid, draw
from ..maze import MOVES, Maze, step
from .forms import Answer


def read_marks(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, at_end: bool = False) -> Answer | None:
    """The way that is marked in the last copy of the drawing in this text; None where there is no such copy.

    With `at_end` a copy counts only where nothing follows it.
    """
    style = DRAWINGS.get(drawing)
    if not isinstance(style, Grid):
        return None
    drawn, lines = draw(maze, drawing, glyphs).split("\n"), text.split("\n")
    border = drawn[0].strip()
    first = next((at for at in range(len(lines) - len(drawn), -1, -1) if lines[at].strip() == border), None)
    if first is None or (at_end and "".join(lines[first + len(drawn) :]).strip("`* \t\r")):
        return None
    indent = max(0, lines[first].find(border) - drawn[0].find(border))
    changed = _changed([line[indent:] for line in lines[first : first + len(drawn)]], drawn)
    return None if changed is None else _follow(changed, maze, style)


def _changed(copy: list[str], drawn: list[str]) -> set[tuple[int, int]] | None:
    """The places where the copy has another character; None where it is longer than the drawing."""
    changed = set()
    for number, (given, line) in enumerate(zip(copy, drawn, strict=True)):
        even = given.rstrip().ljust(len(line))
        if len(even) != len(line):
            return None
        changed |= {(number, column) for column, char in enumerate(line) if even[column] != char}
    return changed


def _follow(changed: set[tuple[int, int]], maze: Maze, style: Grid) -> Answer:
    """Walk from mark to mark, through open sides where there are any, until none is left.

    Malformed where more than one way leads on, where a mark is left over, or where anything but cells and what lies
    between two of them was changed.
    """
    everywhere = list(maze.cells())
    marks = {cell for cell in everywhere if style.place(*cell) in changed}
    places = {style.place(*cell) for cell in marks}
    passages = {place for cell in everywhere for place in (style.below(*cell), style.beside(*cell))}
    between = changed & passages - places
    if changed - places - between or marks & {maze.start, maze.goal}:
        return Answer(None, "malformed")
    here, moves, left = maze.start, "", marks | {maze.goal}
    while here != maze.goal:
        steps = [(move, cell) for move in MOVES if (cell := step(here, move)) in left]
        steps = [(move, cell) for move, cell in steps if style.between(here, cell) in between] or steps
        steps = [(move, cell) for move, cell in steps if move in maze.open_moves(here)] or steps
        if not steps and left == {maze.goal}:
            break  # the marks end before G, and so does the way
        if len(steps) != 1:
            return Answer(None, "malformed")
        move, here = steps[0]
        left.discard(here)
        moves += move
    return Answer(moves) if moves and not left - {maze.goal} else Answer(None, "malformed")
