"""An answer that is the drawing itself, with marks on the cells of the way.

#######
#S....#        any character that the drawing has not there is a mark;
# ###.#        places between two cells may be marked or left open
# #  G#
#######
"""

from __future__ import annotations

from ..draw import DRAWINGS, Glyphs, Grid, draw
from ..maze import MOVES, Cell, Maze
from .forms import Answer


def marked(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None) -> Answer | None:
    """The way that is marked in the last copy of the drawing in this text; None where there is no such copy."""
    style = DRAWINGS.get(drawing)
    if not isinstance(style, Grid):
        return None
    drawn = draw(maze, drawing, glyphs).split("\n")
    if drawn[0].strip() not in text:
        return None
    lines = text.split("\n")
    for first in range(len(lines) - len(drawn), -1, -1):
        if lines[first].strip() != drawn[0].strip():
            continue
        indent = lines[first].find(drawn[0].strip()) - drawn[0].find(drawn[0].strip())
        copy = [line[max(indent, 0) :] for line in lines[first : first + len(drawn)]]
        changed = _changed(copy, drawn)
        if changed is not None:
            return _follow(changed, maze, style)
        return None
    return None


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
    """Walk from mark to mark, through open sides where there are any, until none is left; malformed if that forks."""
    cells = {(row, col) for row in range(maze.rows) for col in range(maze.cols) if style.place(row, col) in changed}
    if changed & {style.place(*maze.start), style.place(*maze.goal)}:
        return Answer(None, "malformed")  # S and G stand where they stood
    passages = {place for row, col in _all(maze) for place in (style.below(row, col), style.beside(row, col))}
    between = (changed & passages) - {style.place(*cell) for cell in cells}
    if len(changed) != len(cells) + len(between):
        return Answer(None, "malformed")  # a corner was changed
    here, moves, left = maze.start, "", cells | {maze.goal}
    while here != maze.goal:
        beside = [(move, cell, side) for move, side, cell in _neighbours(here) if cell in left]
        if between:
            linked = [step for step in beside if _passage(style, here, step[1]) in between]
            beside = linked or beside
        legal = [step for step in beside if not maze.walls[here] & step[2]]
        chosen = legal or beside
        if len(chosen) != 1:
            break
        move, here, _ = chosen[0]
        left.discard(here)
        moves += move
    if not moves or left - {maze.goal} or (here != maze.goal and any(cell in left for _, _, cell in _neighbours(here))):
        return Answer(
            None, "malformed"
        )  # a mark was left over, or G is beside the last one and more than one way leads on
    return Answer(moves)


def _neighbours(cell: Cell) -> list[tuple[str, int, Cell]]:
    return [(move, side, (cell[0] + down, cell[1] + right)) for move, (side, (down, right)) in MOVES.items()]


def _passage(style: Grid, a: Cell, b: Cell) -> tuple[int, int]:
    """The place between two neighbours."""
    first = min(a, b)
    return style.beside(*first) if a[0] == b[0] else style.below(*first)


def _all(maze: Maze) -> list[Cell]:
    return [(row, col) for row in range(maze.rows) for col in range(maze.cols)]
