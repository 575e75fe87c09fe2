"""Texts about mazes that the base reads.

A document of the base is a drawing, in half of them under a title of no meaning, and statements that are true of it:

    x7
     ___________
    |     |   S_|
    |__|G_______|
    S (0,3)
    G (1,1)
    around (1,1): (1,1) DL (0,1)+ (1,1) (1,2)+ (0,1); (1,1) (0,1) UR (1,1) (0,0)+ (1,2); (0,1) (1,2) D (1,1) ...
    from (1,3) to (1,1): (1,3) (1,2) (1,1)
    S (0,3)
    G (1,1)

`S` and `G` say where the two letters stand; again at the end, because whoever answers has to look there after a long
text. `around` spreads out from a cell, breadth first. Each cell that it reaches has a group, in that order: its name,
the sides on which it has walls, and its neighbours, the one that it was reached from first. Behind a neighbour that is
new stand `+` and the cell that was reached just before it, and each group begins with the cell of the group before:
which group comes next is told by where that name stands behind a `+`. `from` is a shortest path to the first cell: from
each cell to the one that it was reached from. So no statement asks for more than one look at the drawing or one look
back for a name, which is what a small model can learn; asked for paths alone, even one of six layers stayed at a fifth
of the far ones in 5x5 mazes. What other forms came to stands in docs/recipes.md.

That is a document of the kind `ways`. Others have `S` and `G` alone (`letters`), or beside them the sides of all cells
in random order (`looks`): they teach to look, which comes first.

The benchmark's question, and the word `answer:`, never occur in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase, digits

import numpy as np

from benchmark.mazes.draw import draw
from benchmark.mazes.maze import Maze
from models.data.search import (
    ReachedFrom,
    path_back,
    search,
    wall_letters,
    write_cell,
    write_cells,
    write_ends,
    write_search,
)

Pieces = list[tuple[str, bool]]
PATHS = 6  # statements `from` in a document


@dataclass(frozen=True)
class Document:
    """One text of the base: a title, the drawing of a maze, and pieces, each with whether it is to be learned."""

    maze: Maze
    title: str
    pieces: Pieces
    reached_from: ReachedFrom  # by the search of its `around`, if it has one

    @property
    def drawing(self) -> str:
        """The compact drawing."""
        return draw(self.maze, "compact") + "\n"


def build_document(kind: str, maze: Maze, random: np.random.Generator) -> Document:
    """A document of one kind (see KINDS) about a maze.

    The title moves the drawing away from the start of the text, so that no cell can be told by its place in the text.
    """
    letters = random.choice(list(ascii_lowercase + digits), random.integers(1, 5))
    title = "".join(letters) + "\n" if random.random() < 0.5 else ""
    pieces, reached_from = KINDS[kind](maze, random)
    return Document(maze, title, [(write_ends(maze), True), *pieces], reached_from)


def _looks(maze: Maze, random: np.random.Generator) -> tuple[Pieces, ReachedFrom]:
    """The sides of all cells in random order; there is nothing to learn from that order."""
    cells = [(row, col) for row in range(maze.rows) for col in range(maze.cols)]
    random.shuffle(cells)
    seen = [
        piece
        for cell in cells
        for piece in ((f" {write_cell(cell)}", False), (f" {wall_letters(maze.walls, cell)}", True))
    ]
    return [("sides", False), *seen, ("\n", True)], {}


def _ways(maze: Maze, random: np.random.Generator) -> tuple[Pieces, ReachedFrom]:
    """Everything around a cell, and some `from`, none of them from S to G; then the ends again."""
    cells = [(row, col) for row in range(maze.rows) for col in range(maze.cols)]
    centre, *starts = (cells[index] for index in random.choice(len(cells), PATHS + 1, replace=False))
    reached_from = search(maze.walls, centre)
    lines = [f"around {write_cell(centre)}:{write_search(maze.walls, reached_from)}"]
    lines += [
        f"from {write_cell(start)} to {write_cell(centre)}:" + write_cells(path_back(reached_from, start))
        for start in starts
        if start in reached_from and (start, centre) != (maze.start, maze.goal)
    ]
    return [("\n".join(lines) + "\n" + write_ends(maze), True)], reached_from


KINDS: dict[str, Callable[[Maze, np.random.Generator], tuple[Pieces, ReachedFrom]]] = {
    "letters": lambda _maze, _random: ([], {}),
    "looks": _looks,
    "ways": _ways,
}
"""What may follow the ends in a document, with the search in it."""
