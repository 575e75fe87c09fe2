"""Agents: answers without a model, the ceiling and the floors of every table.

oracle          a shortest way, or `unreachable`
wall-follower   keeps its right hand on the wall, and answers with all that it walked; back where it began, it says
                `unreachable`
greedy          goes to the neighbour nearest to G as the crow flies that it has not been on, until there is none
random-walk     goes on at random through open sides until it stands on G, or has made as many moves as there are cells
constant        the same answer to every maze of a group: the one that is right most often there, known from the suite
                itself, so that no constant answer can do better

Where S is walled in on all sides, all but the constant one say `unreachable`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from .answer import Answer, cells
from .maze import MOVES, Cell, Maze
from .suite import Case

UNREACHABLE = Answer(None, "unreachable")
_RIGHT_OF = {"U": "R", "R": "D", "D": "L", "L": "U"}
_BEHIND = {"U": "D", "D": "U", "L": "R", "R": "L"}


def oracle(case: Case) -> Answer:
    from .errors import MazeError
    from .solve import shortest_path

    try:
        return Answer(shortest_path(case.maze))
    except MazeError:
        return UNREACHABLE


def wall_follower(case: Case) -> Answer:
    maze = case.maze
    heading = next((move for move in "DRUL" if move in _ways(maze, maze.start)), "")
    if not heading:
        return UNREACHABLE
    cell, first, moves = maze.start, heading, ""
    while cell != maze.goal:
        if moves and (cell, heading) == (maze.start, first):
            return UNREACHABLE
        cell, moves = cells(cell, heading)[1], moves + heading
        heading = _RIGHT_OF[heading]
        while heading not in _ways(maze, cell):
            heading = _BEHIND[_RIGHT_OF[heading]]
    return Answer(moves)


def greedy(case: Case) -> Answer:
    maze = case.maze
    (goal_row, goal_col), cell, been, moves = maze.goal, maze.start, {maze.start}, ""
    while cell != maze.goal:
        ways = [(move, beside) for move in _ways(maze, cell) if (beside := cells(cell, move)[1]) not in been]
        if not ways:
            break
        move, cell = min(ways, key=lambda way: abs(way[1][0] - goal_row) + abs(way[1][1] - goal_col))
        been.add(cell)
        moves += move
    return Answer(moves) if moves else UNREACHABLE


def random_walk(case: Case) -> Answer:
    maze = case.maze
    random = Random(maze.digest())
    cell, moves = maze.start, ""
    while cell != maze.goal and len(moves) < maze.rows * maze.cols and (ways := _ways(maze, cell)):
        moves += random.choice(ways)
        cell = cells(cell, moves[-1])[1]
    return Answer(moves) if moves else UNREACHABLE


def constant(case: Case) -> Answer:
    return _best_constant(case.group)


@cache
def _best_constant(group: str) -> Answer:
    from .suite import cases

    everything = cases(group)
    candidates = dict.fromkeys(oracle(case) for case in everything)
    right: dict[Answer, int] = {}
    for answer in candidates:
        right[answer] = sum(_is_right(answer, case) for case in everything)
    # ties broken by the alphabet, so that the answer does not hang on the order of the cases
    return min(right, key=lambda answer: (-right[answer], answer.moves or ""))


def _is_right(answer: Answer, case: Case) -> bool:
    if answer.moves is None:
        return oracle(case) == answer
    cell, walls = case.maze.start, case.maze.walls
    for move in answer.moves:
        side, (down, right) = MOVES[move]
        if walls[cell] & side:
            return False
        cell = (cell[0] + down, cell[1] + right)
    return cell == case.maze.goal


def _ways(maze: Maze, cell: Cell) -> str:
    """The moves through open sides."""
    return "".join(move for move, (side, _) in MOVES.items() if not maze.walls[cell] & side)


AGENTS: dict[str, Callable[[Case], Answer]] = {
    "oracle": oracle,
    "wall-follower": wall_follower,
    "greedy": greedy,
    "random-walk": random_walk,
    "constant": constant,
}
