"""The documents of pretraining: texts about mazes.

A document is a drawing and statements that are true of it. Half of the documents begin with a title without meaning:

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

| statement | content |
| --- | --- |
| `S`, `G` | the cells of the two letters; again at the end, because a reply needs them after a long text |
| `around` | a breadth-first search from a cell, as `models.data.search` writes it |
| `from` | a shortest path to the centre of the search: from each cell to the one that it was reached from |

Each token of a statement follows from one look at the drawing, or one look back for a name. That is what a small model
can learn: trained on paths alone, even a model of six layers found only a fifth of the long paths in 5x5 mazes.
docs/history.md has the results of other forms.

The document above is of the kind `ways`. There are two more kinds, which come first in training and teach to look at
the drawing: `letters` has `S` and `G` alone, `looks` has the sides of all cells in random order as well.

The question of the benchmark and the word `answer:` never occur in a document.
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
"""The parts of a text, each with whether the model learns to write it."""
PATHS = 6  # statements `from` in a document


@dataclass(frozen=True)
class Document:
    """One text of pretraining: a title, the drawing of a maze, and its statements."""

    maze: Maze
    title: str
    pieces: Pieces
    reached_from: ReachedFrom  # the search of its `around`; empty without one

    @property
    def drawing(self) -> str:
        """The compact drawing, with a line break at its end."""
        return draw(self.maze, "compact") + "\n"


def build_document(kind: str, maze: Maze, random: np.random.Generator) -> Document:
    """A document of one kind (a key of KINDS) about a maze.

    The title shifts the drawing in the text, so that the model cannot identify a cell by its position in the text.
    """
    letters = random.choice(list(ascii_lowercase + digits), random.integers(1, 5))
    title = "".join(letters) + "\n" if random.random() < 0.5 else ""
    pieces, reached_from = KINDS[kind](maze, random)
    return Document(maze, title, [(write_ends(maze), True), *pieces], reached_from)


def _all_sides(maze: Maze, random: np.random.Generator) -> tuple[Pieces, ReachedFrom]:
    """The sides of all cells in random order. The names are not learned: their order is random."""
    cells = [(row, col) for row in range(maze.rows) for col in range(maze.cols)]
    random.shuffle(cells)
    sides = [
        piece
        for cell in cells
        for piece in ((f" {write_cell(cell)}", False), (f" {wall_letters(maze.walls, cell)}", True))
    ]
    return [("sides", False), *sides, ("\n", True)], {}


def _search_and_paths(maze: Maze, random: np.random.Generator) -> tuple[Pieces, ReachedFrom]:
    """A search from a random cell and some paths to it, then S and G again. No path is the one from S to G."""
    cells = [(row, col) for row in range(maze.rows) for col in range(maze.cols)]
    centre, *starts = (cells[index] for index in random.choice(len(cells), PATHS + 1, replace=False))
    reached_from = search(maze.walls, centre)
    statements = [f"around {write_cell(centre)}:{write_search(maze.walls, reached_from)}"]
    statements += [
        f"from {write_cell(start)} to {write_cell(centre)}:" + write_cells(path_back(reached_from, start))
        for start in starts
        if start in reached_from and (start, centre) != (maze.start, maze.goal)
    ]
    return [("\n".join(statements) + "\n" + write_ends(maze), True)], reached_from


KINDS: dict[str, Callable[[Maze, np.random.Generator], tuple[Pieces, ReachedFrom]]] = {
    "letters": lambda _maze, _random: ([], {}),
    "looks": _all_sides,
    "ways": _search_and_paths,
}
"""By the kind of a document: a function that writes the statements after S and G, and returns the search among them."""
