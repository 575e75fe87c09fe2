"""Text about mazes: what the base reads, and the question and reply that a fine-tune learns.

A document of the base is a drawing and statements that are true of it:

     ___________
    |S____    __|
    |G_____|____|
    S (0,0)
    G (1,0)
    open (0,1): (0,0) (0,2)
    from (1,3) to (0,2): (1,3) (1,2) (0,2)

`S` and `G` say where the two letters stand, `open` which neighbours of a cell no wall cuts off, `from` a shortest
path between two cells. The benchmark's question, and the word `answer:`, never occur in it.
"""

from __future__ import annotations

import numpy as np

from benchmark.mazes import answer
from benchmark.mazes.draw import draw_walls
from benchmark.mazes.maze import MOVES, Cell, Maze
from benchmark.mazes.prompt import prompt
from benchmark.mazes.solve import path, shortest_path


def document(
    maze: Maze, drawing: str, random: np.random.Generator, paths: int, opens: int, marked: bool
) -> tuple[str, str]:
    """A drawing, with or without its ends marked, and the statements about it.

    A marked document has `paths` statements `from`, none of them from S to G, and `opens` statements `open`.
    """
    cell_count = maze.rows * maze.cols
    marks = {maze.start: "S", maze.goal: "G"} if marked else {}
    lines = [f"{mark} {name(cell)}" for cell, mark in marks.items()]
    for index in random.choice(cell_count, min(opens, cell_count), replace=False):
        cell = divmod(int(index), maze.cols)
        beside = (answer.cells(cell, move)[1] for move, (side, _) in MOVES.items() if not maze.walls[cell] & side)
        lines.append(f"open {name(cell)}:" + "".join(f" {name(neighbour)}" for neighbour in beside))
    for _ in range(paths):
        start, goal = (divmod(int(index), maze.cols) for index in random.choice(cell_count, 2, replace=False))
        if not marked or (start, goal) != (maze.start, maze.goal):
            passed = answer.cells(start, path(maze.walls, start, goal))
            lines.append(from_to(start, goal) + ":" + "".join(f" {name(cell)}" for cell in passed))
    return draw_walls(maze.walls, drawing, marks) + "\n", "\n".join(lines) + "\n"


def question(maze: Maze, drawing: str) -> tuple[str, str]:
    """The benchmark's question about a maze, and a right reply: it first says where it goes, then answers."""
    reply = from_to(maze.start, maze.goal) + "\n" + answer.write(maze.start, shortest_path(maze))
    return prompt(maze, drawing), reply


def from_to(start: Cell, goal: Cell) -> str:
    return f"from {name(start)} to {name(goal)}"


def name(cell: Cell) -> str:
    return f"({cell[0]},{cell[1]})"
