"""Draws mazes as text and reads the drawings back. Each drawing has its own file, whose docstring shows an example.

A new drawing is one file with a `Drawing` (a `Grid`, `Tokens`, or any class with the same members) and its legends in
every language, and one line in `DRAWINGS`.

| drawing | description |
| --- | --- |
| `compact` | three characters for each cell: the shortest drawing |
| `block` | one character for each wall and each cell |
| `spaced` | `block` with spaces between the characters, for tokenizers that merge characters |
| `boxes` | lines of `+--+` and bars |
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
    """Writes a maze as text and reads the text back into the same maze."""

    @property
    def legends(self) -> Mapping[str, Legend]:
        """What a prompt says about the drawing, by language."""

    @property
    def glyph_step(self) -> int:
        """The distance between characters that glyphs replace, with blanks in between; 0 if it takes no glyphs."""

    def write(self, walls: Walls, marks: dict[Cell, str], /) -> list[str]:
        """Return the lines of a layout, with a letter on each marked cell."""

    def read(self, lines: list[str], /) -> tuple[Walls, dict[str, Cell]]:
        """Return the layout and the cells of S and G, if marked. Raises MazeError for any other lines."""


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
    """Return the maze as lines of text without a newline at the end, with S on the start and G on the goal.

    `glyphs` replace the usual characters. Raises MazeError for an unknown drawing, or for glyphs with a drawing that
    takes none.
    """
    return draw_walls(maze.walls, drawing, {maze.start: "S", maze.goal: "G"}, glyphs)


def draw_walls(walls: Walls, drawing: str, marks: dict[Cell, str] | None = None, glyphs: Glyphs | None = None) -> str:
    """Return a layout as lines of text, with a letter on each marked cell. Raises MazeError as `draw` does."""
    lines = _drawing(drawing).write(walls, marks or {})
    if glyphs:
        check_glyphs(drawing)
        lines = glyphs.put(lines, DRAWINGS[drawing].glyph_step)
    return "\n".join(lines)


def draw_path(maze: Maze, moves: str, drawing: str, glyphs: Glyphs | None = None, mark: str = ".") -> str:
    """Return the maze with marks on the cells that the moves visit and on the places between them.

    Walls do not stop the moves, but the border does. Raises MazeError for a drawing in which cells have no place.
    """
    grid = _drawing(drawing)
    if not isinstance(grid, Grid):
        grids = ", ".join(name for name, value in DRAWINGS.items() if isinstance(value, Grid))
        raise MazeError(f"a path cannot be marked in the drawing {drawing}; use one of {grids}")
    lines = draw(maze, drawing, glyphs).split("\n")
    cell = maze.start
    for move in moves:
        neighbour = step(cell, move)
        if not maze.contains(neighbour):
            break
        between = grid.between(cell, neighbour)
        for line, column in (between, grid.place(*neighbour)):
            if neighbour not in (maze.start, maze.goal) or (line, column) == between:  # S and G stay visible
                lines[line] = lines[line][:column] + mark + lines[line][column + 1 :]
        cell = neighbour
    return "\n".join(lines)


def read(text: str, drawing: str | None = None, glyphs: Glyphs | None = None) -> Maze:
    """Return the maze of a drawing; without `drawing` the kind of drawing is guessed.

    `drawing` may also be `maze-dataset` or `ascii-maze-benchmark`, whose drawings are read but not written.

    Raises MazeError, with line, column and what was expected there, where the text is no such drawing.
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
    """Return the name of the drawing, ours or a peer's, that a text looks like. Raises MazeError for any other text."""
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
    raise MazeError(
        f"no drawing of a maze begins with {lines[0][:40]!r}; the drawings are {', '.join([*DRAWINGS, *PEERS])}"
    )


def check_glyphs(drawing: str) -> None:
    """Raise MazeError, which names the drawings that take glyphs, where a drawing takes none."""
    if not _drawing(drawing).glyph_step:
        takers = " and ".join(name for name, value in DRAWINGS.items() if value.glyph_step)
        raise MazeError(f"the drawing {drawing} takes no glyphs; {takers} do")


def _drawing(name: str) -> Drawing:
    if name not in DRAWINGS:
        raise MazeError(f"unknown drawing {name!r}: choose one of {', '.join(DRAWINGS)}")
    return DRAWINGS[name]
