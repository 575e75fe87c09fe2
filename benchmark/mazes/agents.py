"""Agents: answers without a model, the baselines of every table.

oracle          a shortest path, or `unreachable`
wall-follower   keeps its right hand on the wall, and answers with all that it walked; back where it began, it says
                `unreachable`
greedy          goes to the neighbour nearest to G as the crow flies that it has not been on, until there is none
random-walk     goes on at random through open sides until it stands on G, or has made as many moves as there are cells
constant        the same answer to every maze of a group: the one that is right most often there, taken from the suite
                itself, so that no constant answer can do better

Where S is walled in on all sides, all but the constant one say `unreachable`.
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
    """The right answer to a maze."""
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
        steps = [(move, beside) for move in maze.open_moves(cell) if (beside := maze.step(cell, move)) not in visited]
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
    """The answer, of those that are right for some case of the group, that is right for the most."""
    everything = suite.cases(group)
    right: dict[Answer, int] = dict.fromkeys((oracle(case) for case in everything), 0)
    # a tree of moves, with an answer where it ends: a case walks all answers at once, as far as its walls let it
    tree: dict[str, Any] = {}
    for answer in right:
        node = tree
        for move in answer.moves or "":
            node = node.setdefault(move, {})
        if answer.moves is not None:
            node[""] = answer
    for case in everything:
        maze = case.maze
        walks = [(tree, maze.start)]
        while walks:
            node, cell = walks.pop()
            if cell == maze.goal and "" in node:
                right[node[""]] += 1
            walks += [(node[move], maze.step(cell, move)) for move in maze.open_moves(cell) if move in node]
        if oracle(case) == UNREACHABLE:
            right[UNREACHABLE] += 1
    # ties broken by the alphabet, so that the answer does not depend on the order of the cases
    return min(right, key=lambda answer: (-right[answer], answer.moves or ""))


AGENTS: dict[str, Callable[[Case], Answer]] = {
    "oracle": oracle,
    "wall-follower": wall_follower,
    "greedy": greedy,
    "random-walk": random_walk,
    "constant": constant,
}
