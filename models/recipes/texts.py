"""Text about mazes: what the base reads, and the question and reply that a fine-tune learns.

A document of the base is a drawing and statements that are true of it:

     ___________
    |     |   S_|
    |__|G_______|
    S (0,3)
    G (1,1)
    around (1,1): (1,1) DL (0,1) (1,2); (0,1) UR (0,0); (1,2) D (0,2) (1,3); (0,0) UL (1,0); (0,2) UL (0,3); ...
    from (1,3) to (1,1): (1,3) (1,2) (1,1)

`S` and `G` say where the two letters stand. `around` spreads out from a cell, breadth first: each group names a cell,
the sides on which it has walls, and the cells that are reached from it. `from` is a shortest path to that cell, read
off the groups backwards: from each cell to the one that reached it. So no statement asks for more than one look at
the drawing or one look back, which is what a small model can learn; asked for paths alone, even one of six layers
stayed at a fifth of the far ones in 5x5 mazes.

The benchmark's question, and the word `answer:`, never occur in it.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

from benchmark.mazes import answer
from benchmark.mazes.draw import draw_walls
from benchmark.mazes.maze import MOVES, Cell, Maze, Walls
from benchmark.mazes.prompt import Asking, Message, prompt
from benchmark.mazes.prompt.en import TAG
from models.engines import room

Text = str | list[Message]
STYLES = {"search": "plain", "plain": "plain", "chat": "chat"}
"""How a model is taught to answer, and the style of prompt that goes with it."""


def document(maze: Maze, random: np.random.Generator, paths: int, marked: bool) -> tuple[str, str]:
    """A compact drawing, with or without its ends marked, and the statements about it.

    `paths` of them are `from`; in a marked document no path runs from S to G.
    """
    cells = [(row, col) for row in range(maze.rows) for col in range(maze.cols)]
    centre, *starts = (cells[index] for index in random.choice(len(cells), paths + 1, replace=False))
    marks = {maze.start: "S", maze.goal: "G"} if marked else {}
    lines = [f"{mark} {name(cell)}" for cell, mark in marks.items()]
    reached_from = search(maze.walls, centre)
    lines.append(f"around {name(centre)}:{spread(maze.walls, reached_from)}")
    lines += [
        f"from {name(start)} to {name(centre)}:" + names(back(reached_from, start))
        for start in starts
        if start in reached_from and not (marked and (start, centre) == (maze.start, maze.goal))
    ]
    return draw_walls(maze.walls, "compact", marks) + "\n", "\n".join(lines) + "\n"


def question(maze: Maze, style: str = "search") -> tuple[Text, Text]:
    """The benchmark's question about a maze, and a right reply."""
    return ask(maze, style), reply(maze, right(maze), style)


def ask(maze: Maze, style: str = "search") -> Text:
    """The benchmark's question about a maze: messages in the style `chat`, else a text to continue."""
    return prompt(maze, Asking("compact", STYLES[style]))


def reply(maze: Maze, moves: str, style: str = "search") -> Text:
    """A reply that answers with these moves, right or wrong.

    In the style `search` it says where S stands, spreads out from G, as is right, and answers with the cells.
    The answer begins with the letter S, because where the letter stands is what the base can tell. All groups are
    given: taught to end with the one that reaches S, sft took whatever cell it had ended with for S.
    The other styles answer at once.
    """
    if style == "search":
        reached_from = search(maze.walls, maze.goal)
        way = answer.cells(maze.start, moves)
        # the first group begins with the cell of G
        return f"S {name(maze.start)}\nG{spread(maze.walls, reached_from)}\nanswer: S{names(way)}"
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
    steps = {step: move for move, (_, step) in MOVES.items()}
    return "".join(steps[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(way))


def search(walls: Walls, centre: Cell) -> dict[Cell, Cell | None]:
    """Breadth first from `centre`: each cell that can be reached, in order, with the one that it was reached from."""
    reached_from: dict[Cell, Cell | None] = {centre: None}
    waiting = deque([centre])
    while waiting:
        cell = waiting.popleft()
        for move, (side, _) in MOVES.items():
            beside = answer.cells(cell, move)[1]
            if not walls[cell] & side and beside not in reached_from:
                reached_from[beside] = cell
                waiting.append(beside)
    return reached_from


def spread(walls: Walls, reached_from: dict[Cell, Cell | None]) -> str:
    """The groups of an `around`."""
    new: dict[Cell, list[Cell]] = {cell: [] for cell in reached_from}
    for cell, before in reached_from.items():
        if before is not None:
            new[before].append(cell)
    return "".join(f" {name(cell)} {sides(walls, cell)}{names(new[cell])};" for cell in reached_from)


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
