"""Baseline agents: rules that answer a case without a model. Every table includes them.

oracle          answers with a shortest path, or with `unreachable`
wall-follower   walks with its right hand on the wall and answers with all of its moves; it answers `unreachable` where
                it comes back to its first cell and direction
greedy          moves to the unvisited neighbour with the smallest Manhattan distance to G, until there is none
random-walk     moves at random through open sides until it reaches G or has made as many moves as there are cells
constant        gives the same answer to every maze of a group: the answer that is right for the most of its cases. It
                is taken from the suite itself, so that no constant answer scores higher

Where S has walls on all sides, all agents except the constant one answer `unreachable`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from .answer import Answer
from .cases import Case, Suite
from .errors import MazeError
from .maze import OPPOSITE, Maze

UNREACHABLE = Answer(None, "unreachable")
_RIGHT_OF = {"U": "R", "R": "D", "D": "L", "L": "U"}


def solution(maze: Maze) -> Answer:
    """Return the answer with a shortest path, or `unreachable` where no path leads from S to G."""
    from .solve import shortest_path  # Numba takes half a second to import, and collection does without

    try:
        return Answer(shortest_path(maze))
    except MazeError:
        return UNREACHABLE


@cache
def oracle(case: Case) -> Answer:
    return solution(case.maze)


def wall_follower(case: Case) -> Answer:
    maze = case.maze
    heading = next((move for move in "DRUL" if move in maze.open_moves(maze.start)), "")
    if not heading:
        return UNREACHABLE
    cell, first, moves = maze.start, heading, ""
    while cell != maze.goal:
        if moves and (cell, heading) == (maze.start, first):
            return UNREACHABLE
        cell, moves = maze.step(cell, heading), moves + heading
        heading = _RIGHT_OF[heading]
        while heading not in maze.open_moves(cell):
            heading = OPPOSITE[_RIGHT_OF[heading]]
    return Answer(moves)


def greedy(case: Case) -> Answer:
    maze = case.maze
    (goal_row, goal_col), cell, visited, moves = maze.goal, maze.start, {maze.start}, ""
    while cell != maze.goal:
        steps = [
            (move, neighbour) for move in maze.open_moves(cell) if (neighbour := maze.step(cell, move)) not in visited
        ]
        if not steps:
            break
        move, cell = min(steps, key=lambda step: abs(step[1][0] - goal_row) + abs(step[1][1] - goal_col))
        visited.add(cell)
        moves += move
    return Answer(moves) if moves else UNREACHABLE


def random_walk(case: Case) -> Answer:
    maze = case.maze
    random = Random(maze.digest())
    cell, moves = maze.start, ""
    while cell != maze.goal and len(moves) < maze.rows * maze.cols and (choice := maze.open_moves(cell)):
        moves += random.choice(choice)
        cell = maze.step(cell, moves[-1])
    return Answer(moves) if moves else UNREACHABLE


def constant(case: Case) -> Answer:
    return _best_constant(case.suite, case.group)


@cache
def _best_constant(suite: Suite, group: str) -> Answer:
    """Return the answer that is right for the most cases of the group."""
    cases = suite.cases(group)
    right: dict[Answer, int] = dict.fromkeys((oracle(case) for case in cases), 0)
    # a tree of moves with an answer at the end of each: one walk of a case follows all answers whose moves are legal
    tree: dict[str, Any] = {}
    for answer in right:
        node = tree
        for move in answer.moves or "":
            node = node.setdefault(move, {})
        if answer.moves is not None:
            node[""] = answer
    for case in cases:
        maze = case.maze
        walks = [(tree, maze.start)]
        while walks:
            node, cell = walks.pop()
            if cell == maze.goal and "" in node:
                right[node[""]] += 1
            walks += [(node[move], maze.step(cell, move)) for move in maze.open_moves(cell) if move in node]
        if oracle(case) == UNREACHABLE:
            right[UNREACHABLE] += 1
    # ties are broken alphabetically, so that the answer does not depend on the order of the cases
    return min(right, key=lambda answer: (-right[answer], answer.moves or ""))


AGENTS: dict[str, Callable[[Case], Answer]] = {
    "oracle": oracle,
    "wall-follower": wall_follower,
    "greedy": greedy,
    "random-walk": random_walk,
    "constant": constant,
}
