"""Reads an answer that is a copy of the drawing with marks on the cells of the path.

#######
#S....#        any character that differs from the drawing is a mark;
# ###.#        the places between two cells may be marked or left open
# #  G#
#######
"""

from __future__ import annotations

from ..draw import DRAWINGS, Glyphs, Grid, draw
from ..maze import MOVES, Maze, step
from .forms import Answer


def read_marks(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, at_end: bool = False) -> Answer | None:
    """Return the path that is marked in the last copy of the drawing in a text; None where there is no such copy.

    With `at_end` a copy counts only if nothing follows it. A copy with impossible marks is a `malformed` answer.
    """
    grid = DRAWINGS.get(drawing)
    if not isinstance(grid, Grid):
        return None
    drawn, lines = draw(maze, drawing, glyphs).split("\n"), text.split("\n")
    border = drawn[0].strip()
    first = next((at for at in range(len(lines) - len(drawn), -1, -1) if lines[at].strip() == border), None)
    if first is None or (at_end and "".join(lines[first + len(drawn) :]).strip("`* \t\r")):
        return None
    indent = max(0, lines[first].find(border) - drawn[0].find(border))
    changed = _changed([line[indent:] for line in lines[first : first + len(drawn)]], drawn)
    return None if changed is None else _follow(changed, maze, grid)


def _changed(copy: list[str], drawn: list[str]) -> set[tuple[int, int]] | None:
    """The places where the copy differs from the drawing; None where a line of the copy is longer."""
    changed = set()
    for number, (copied, line) in enumerate(zip(copy, drawn, strict=True)):
        padded = copied.rstrip().ljust(len(line))  # models drop trailing blanks
        if len(padded) != len(line):
            return None
        changed |= {(number, column) for column, char in enumerate(line) if padded[column] != char}
    return changed


def _follow(changed: set[tuple[int, int]], maze: Maze, grid: Grid) -> Answer:
    """Walk from S to G, from each marked cell to the next, until no mark is left.

    The answer is malformed where the next cell is ambiguous, where a mark is left over, or where a character other than
    those of cells and of the places between two cells was changed. A path through a wall is an answer, though a wrong
    one, so that walls only decide where the marks leave a choice.
    """
    cells = list(maze.cells())
    marks = {cell for cell in cells if grid.place(*cell) in changed}
    places = {grid.place(*cell) for cell in marks}
    passages = {place for cell in cells for place in (grid.below(*cell), grid.right_of(*cell))}
    between = changed & passages - places
    if changed - places - between or marks & {maze.start, maze.goal}:
        return Answer(None, "malformed")
    current, moves, left = maze.start, "", marks | {maze.goal}
    while current != maze.goal:
        steps = [(move, cell) for move in MOVES if (cell := step(current, move)) in left]
        # of several marked neighbours prefer those with a mark in between, then those without a wall in between
        steps = [(move, cell) for move, cell in steps if grid.between(current, cell) in between] or steps
        steps = [(move, cell) for move, cell in steps if move in maze.open_moves(current)] or steps
        if not steps and left == {maze.goal}:
            break  # the marks end before G, and so does the path
        if len(steps) != 1:
            return Answer(None, "malformed")
        move, current = steps[0]
        left.discard(current)
        moves += move
    return Answer(moves) if moves and not left - {maze.goal} else Answer(None, "malformed")
