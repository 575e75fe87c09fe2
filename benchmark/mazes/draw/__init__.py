"""A maze as ASCII art, in each drawing, and back again. One file a drawing; each shows its own in its docstring.

A new drawing is one file that makes a `Drawing` (a `Grid`, `Tokens`, or any class with the same members), with its
legends in every language, and one line in `DRAWINGS`.

| drawing | what it is |
| --- | --- |
| `compact` | three characters for a cell: the shortest |
| `block` | every wall and cell a character |
| `spaced` | `block` with spaces between, for tokenizers that merge characters |
| `boxes` | `+--+` |
| `unicode` | box-drawing characters |
| `coordinates` | the list of open neighbours, as maze-dataset writes it |
| `walls` | the walls of each cell in tokens, as AlphaMaze writes it |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..errors import MazeError
from ..maze import Cell, Maze, Walls, step
from . import block, boxes, compact, coordinates, peers, spaced, unicode, walls
from .glyphs import Glyphs
from .grid import Grid
from .legend import Legend
from .tokens import Tokens

__all__ = [
    "DRAWINGS",
    "Drawing",
    "Glyphs",
    "Grid",
    "Legend",
    "Tokens",
    "check_glyphs",
    "draw",
    "draw_path",
    "draw_walls",
    "guess",
    "read",
]


class Drawing(Protocol):
    """How a maze is drawn, and how the drawing is read back into the same maze."""

    @property
    def legends(self) -> Mapping[str, Legend]:
        """What a prompt says about it, by language."""

    @property
    def glyph_step(self) -> int:
        """Every how many characters of a line wall, floor, S or G stands, with blanks between; 0 takes no glyphs."""

    def write(self, walls: Walls, marks: dict[Cell, str], /) -> list[str]:
        """The lines of a layout, with a letter on each marked cell."""

    def read(self, lines: list[str], /) -> tuple[Walls, dict[str, Cell]]:
        """The layout and the cells of S and G, if marked. Raises MazeError where the lines are no such drawing."""


DRAWINGS: dict[str, Drawing] = {
    "compact": compact.DRAWING,
    "block": block.DRAWING,
    "spaced": spaced.DRAWING,
    "boxes": boxes.DRAWING,
    "unicode": unicode.DRAWING,
    "coordinates": coordinates.DRAWING,
    "walls": walls.DRAWING,
}

PEERS = {"maze-dataset": peers.maze_dataset, "ascii-maze-benchmark": peers.ascii_maze_benchmark}


def draw(maze: Maze, drawing: str, glyphs: Glyphs | None = None) -> str:
    """The maze as lines of text, start marked S and goal G, or with glyphs of its own; no newline at the end.

    Raises MazeError for an unknown drawing, or for glyphs with a drawing that takes none.
    """
    return draw_walls(maze.walls, drawing, {maze.start: "S", maze.goal: "G"}, glyphs)


def draw_walls(walls: Walls, drawing: str, marks: dict[Cell, str] | None = None, glyphs: Glyphs | None = None) -> str:
    """A layout as lines of text, with a letter on each marked cell."""
    lines = _drawing(drawing).write(walls, marks or {})
    if glyphs:
        check_glyphs(drawing)
        lines = glyphs.put(lines, DRAWINGS[drawing].glyph_step)
    return "\n".join(lines)


def draw_path(maze: Maze, moves: str, drawing: str, glyphs: Glyphs | None = None, mark: str = ".") -> str:
    """The maze with the cells that the moves pass marked, and what lies between them; moves stop at the border.

    Raises MazeError for a drawing that has no place for marks.
    """
    style = _drawing(drawing)
    if not isinstance(style, Grid):
        marked = ", ".join(name for name, other in DRAWINGS.items() if isinstance(other, Grid))
        raise MazeError(f"no way can be marked in {drawing}; it can in {marked}")
    lines = draw(maze, drawing, glyphs).split("\n")
    cell = maze.start
    for move in moves:
        beside = step(cell, move)
        if not maze.contains(beside):
            break
        between = style.between(cell, beside)
        for line, column in (between, style.place(*beside)):
            if beside not in (maze.start, maze.goal) or (line, column) == between:
                lines[line] = lines[line][:column] + mark + lines[line][column + 1 :]
        cell = beside
    return "\n".join(lines)


def read(text: str, drawing: str | None = None, glyphs: Glyphs | None = None) -> Maze:
    """The maze that was drawn as this text; without `drawing` the style is guessed.

    `drawing` may also be `maze-dataset` or `ascii-maze-benchmark`, whose drawings are read but not written.

    Raises MazeError, naming line, column and what was expected there, where the text is no such drawing.
    """
    lines = text.strip("\n").split("\n")
    drawing = drawing or guess(text)
    if drawing in PEERS:
        lines, drawing = PEERS[drawing](lines), "block"
        lines = lines or [""]
    if glyphs:
        check_glyphs(drawing)
        lines = glyphs.take(lines, DRAWINGS[drawing].glyph_step)
    walls, marks = _drawing(drawing).read(lines)
    for name in "SG":
        if name not in marks:
            raise MazeError(f"the drawing has no {name}")
    return Maze(walls, marks["S"], marks["G"])


def guess(text: str) -> str:
    """The drawing, ours or a peer's, that a text looks like. Raises MazeError where it looks like none."""
    lines = text.strip("\n").split("\n")
    grid = [line for line in lines if "#" in line]
    if "<ADJLIST_START>" in text:
        return "coordinates"
    if "<|" in text:
        return "walls"
    if "│" in text:
        return "unicode"
    if lines[0].startswith("+-"):
        return "boxes"
    if lines[0].startswith(" _"):
        return "compact"
    if grid and set(grid[0]) == {"#"}:
        return "maze-dataset" if "E" in text else "block"
    if grid and set(grid[0][1::2]) == {" "}:
        return "spaced"
    if grid:
        return "ascii-maze-benchmark"
    raise MazeError(f"no drawing of a maze begins with {lines[0][:40]!r}; there are {', '.join([*DRAWINGS, *PEERS])}")


def check_glyphs(drawing: str) -> None:
    """Raise MazeError, naming those that do, where a drawing takes no glyphs."""
    if not _drawing(drawing).glyph_step:
        takers = " and ".join(name for name, other in DRAWINGS.items() if other.glyph_step)
        raise MazeError(f"the drawing {drawing} takes no glyphs; {takers} do")


def _drawing(name: str) -> Drawing:
    if name not in DRAWINGS:
        raise MazeError(f"unknown drawing {name!r}: choose one of {', '.join(DRAWINGS)}")
    return DRAWINGS[name]
