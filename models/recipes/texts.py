"""Text about mazes: what the base reads, and the question and reply that a fine-tune learns.

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
from itertools import pairwise
from string import ascii_lowercase, digits

import numpy as np

from benchmark.mazes.draw import draw
from benchmark.mazes.maze import MOVE_OF_STEP, MOVES, Cell, Maze, Walls, follow, open_moves, step
from benchmark.mazes.prompt import Message, PromptOptions, prompt
from benchmark.mazes.prompt.en import TAG
from models.engines import room

Text = str | list[Message]
Pieces = list[tuple[str, bool]]
PATHS = 6  # statements `from` in a document
STYLES = {"search": "plain", "plain": "plain", "chat": "chat"}
"""How a model is taught to answer, and the style of prompt that goes with it."""


@dataclass(frozen=True)
class Document:
    """One text of the base: a title, the drawing of a maze, and pieces, each with whether it is to be learned."""

    maze: Maze
    title: str
    pieces: Pieces
    reached_from: dict[Cell, Cell | None]  # by the search of its `around`, if it has one

    @property
    def drawing(self) -> str:
        """The compact drawing."""
        return draw(self.maze, "compact") + "\n"


def document(kind: str, maze: Maze, random: np.random.Generator) -> Document:
    """A document of one kind (see KINDS) about a maze.

    The title moves the drawing away from the start of the text, so that no cell can be told by its place in the text.
    """
    letters = random.choice(list(ascii_lowercase + digits), random.integers(1, 5))
    title = "".join(letters) + "\n" if random.random() < 0.5 else ""
    pieces, reached_from = KINDS[kind](maze, random)
    return Document(maze, title, [(ends(maze), True), *pieces], reached_from)


def _looks(maze: Maze, random: np.random.Generator) -> tuple[Pieces, dict[Cell, Cell | None]]:
    """The sides of all cells in random order; there is nothing to learn from that order."""
    cells = list(maze.cells())
    random.shuffle(cells)
    seen = [piece for cell in cells for piece in ((f" {name(cell)}", False), (f" {sides(maze.walls, cell)}", True))]
    return [("sides", False), *seen, ("\n", True)], {}


def _ways(maze: Maze, random: np.random.Generator) -> tuple[Pieces, dict[Cell, Cell | None]]:
    """Everything around a cell, and some `from`, none of them from S to G; then the ends again."""
    cells = list(maze.cells())
    centre, *starts = (cells[index] for index in random.choice(len(cells), PATHS + 1, replace=False))
    reached_from = search(maze.walls, centre)
    lines = [f"around {name(centre)}:{spread(maze.walls, reached_from)}"]
    lines += [
        f"from {name(start)} to {name(centre)}:" + names(back(reached_from, start))
        for start in starts
        if start in reached_from and (start, centre) != (maze.start, maze.goal)
    ]
    return [("\n".join(lines) + "\n" + ends(maze), True)], reached_from


KINDS: dict[str, Callable[[Maze, np.random.Generator], tuple[Pieces, dict[Cell, Cell | None]]]] = {
    "letters": lambda _maze, _random: ([], {}),
    "looks": _looks,
    "ways": _ways,
}
"""What may follow the ends in a document, with the search in it."""


def ends(maze: Maze) -> str:
    """The statements that say where the letters of the drawing stand."""
    return f"S {name(maze.start)}\nG {name(maze.goal)}\n"


def question(maze: Maze, style: str = "search") -> tuple[Text, Text]:
    """The benchmark's question about a maze, and a right reply."""
    return ask(maze, style), reply(maze, right(maze), style)


def ask(maze: Maze, style: str = "search") -> Text:
    """The benchmark's question about a maze: messages in the style `chat`, else a text to continue."""
    return prompt(maze, PromptOptions("compact", STYLES[style]))


def reply(maze: Maze, moves: str, style: str = "search") -> Text:
    """A reply that answers with these moves, right or wrong.

    In the style `search` it says where S and G stand, spreads out from G, as is right, and answers with the cells. It
    is put together from what the base can tell in the same words: a cell before a colon is where a search begins, and
    a line that begins with the letter S says where it stands. All groups are given: taught to end with the one that
    reaches S, sft took whatever cell it had ended with for S.
    The other styles answer at once.
    """
    if style == "search":
        reached_from = search(maze.walls, maze.goal)
        way = follow(maze.start, moves)
        searched = spread(maze.walls, reached_from)
        return f"{ends(maze).rstrip()}:{searched}\n{TAG}\nS{names(way)}"
    return spoken(f"{TAG} {' '.join(moves)}", style)


def spoken(reply: str, style: str) -> Text:
    """A reply as its style has it: in a chat it is a message."""
    return [{"role": "assistant", "content": reply}] if style == "chat" else reply


def most_tokens(style: str, cells: int) -> int:
    """The most tokens that a reply about so many cells may have while a model learns: at once, it gives moves alone."""
    return room(cells) if style == "search" else 64 + 2 * cells


def said(text: Text) -> str:
    """What a reply says, also where it is a message."""
    return text if isinstance(text, str) else text[-1]["content"]


def right(maze: Maze) -> str:
    """The moves of the shortest path that the search from G finds, which is the one that `reply` can read off it."""
    way = back(search(maze.walls, maze.goal), maze.start)
    return "".join(MOVE_OF_STEP[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(way))


def search(walls: Walls, centre: Cell) -> dict[Cell, Cell | None]:
    """See `benchmark.mazes.solve.search`."""
    from benchmark.mazes import solve  # Numba takes half a second to import, and collection does without

    return solve.search(walls, centre)


def spread(walls: Walls, reached_from: dict[Cell, Cell | None]) -> str:
    """The groups of an `around`."""
    last = {cell: before for before, cell in pairwise(reached_from)}  # the one that was reached just before
    groups = []
    for cell, before in reached_from.items():
        open_to = [step(cell, move) for move in open_moves(walls, cell)]
        open_to.sort(key=lambda beside: beside != before)
        listed = "".join(
            f" {name(beside)}" + (f"+ {name(last[beside])}" if reached_from[beside] == cell else "")
            for beside in open_to
        )
        after = f" {name(last[cell])}" if cell in last else ""
        groups.append(f"{after} {name(cell)} {sides(walls, cell)}{listed};")
    return "".join(groups)


def back(reached_from: dict[Cell, Cell | None], start: Cell) -> list[Cell]:
    """The cells from `start` back to where the search began: a shortest path."""
    passed = [start]
    while (before := reached_from[passed[-1]]) is not None:
        passed.append(before)
    return passed


def sides(walls: Walls, cell: Cell) -> str:
    """The sides of a cell on which a wall stands, `-` for none."""
    return "".join(move for move, (side, _) in MOVES.items() if walls[cell] & side) or "-"


def names(cells: list[Cell]) -> str:
    return "".join(f" {name(cell)}" for cell in cells)


def name(cell: Cell) -> str:
    return f"({cell[0]},{cell[1]})"
