"""Scores an answer by following its moves, so that every shortest path gets the same score."""

from __future__ import annotations

from dataclasses import dataclass

from .answer import Answer
from .maze import MOVES, Maze
from .outcomes import SOLVED
from .solve import distances


@dataclass(frozen=True)
class Score:
    """The score of one answer."""

    outcome: str
    """One of `benchmark.mazes.outcomes.OUTCOMES`."""
    moves: int = 0
    """The number of moves of the answer."""
    prefix: int = 0
    """The number of moves before the first illegal one: the valid prefix."""
    shortest: int | None = None
    """The length of a shortest path in moves; None where no path leads to G."""
    progress: float = 0.0
    """1 - (distance to G after the valid prefix) / (distance from S to G), at least 0; 1 on G."""
    wall_hits: int = 0
    """The number of illegal moves, where each leaves the position unchanged and the next move follows."""
    revisits: int = 0
    """The number of moves of the valid prefix onto a cell that it had visited before."""
    extra: int | None = None
    """The number of moves above the shortest path; None unless the maze was solved."""

    @property
    def solved(self) -> bool:
        return self.outcome in SOLVED

    @property
    def spl(self) -> float:
        """Success weighted by path length (Anderson et al. 2018): shortest / moves if solved, else 0."""
        if self.outcome == "unreachable":
            return 1.0
        return self.shortest / self.moves if self.solved and self.shortest else 0.0


def score(maze: Maze, answer: Answer) -> Score:
    """Score an answer by following its moves from S through the maze."""
    to_goal = distances(maze.walls, maze.goal)
    from_start = int(to_goal[maze.start])
    shortest = from_start if from_start >= 0 else None
    if answer.why == "unreachable":
        return Score("unreachable" if shortest is None else "false-unreachable", shortest=shortest)
    if answer.moves is None:
        return Score(answer.why if answer.why in ("empty", "truncated") else "unreadable", shortest=shortest)

    cell, prefix, end, visited = maze.start, 0, maze.start, {maze.start}
    first_illegal, hits, revisits, visited_goal = "", 0, 0, False
    flat, cols = maze.flat, maze.cols
    # `cell` ignores illegal moves and goes on, which counts all wall hits; `end` stops at the first illegal move
    for move in answer.moves:
        side, (down, right) = MOVES[move]
        neighbour = (cell[0] + down, cell[1] + right)
        if flat[cell[0] * cols + cell[1]] & side:
            hits += 1
            if not first_illegal:
                first_illegal = "wall" if maze.contains(neighbour) else "outside"
            continue
        cell = neighbour
        if not first_illegal:
            prefix, end = prefix + 1, cell
            revisits += cell in visited
            visited.add(cell)
            visited_goal = visited_goal or cell == maze.goal
    if first_illegal:
        outcome = first_illegal
    elif end == maze.goal:
        outcome = "optimal" if prefix == shortest else "solved"
    else:
        outcome = "overshot" if visited_goal else "short"
    return Score(
        outcome,
        moves=len(answer.moves),
        prefix=prefix,
        shortest=shortest,
        progress=max(0.0, 1 - int(to_goal[end]) / from_start) if from_start > 0 else 0.0,
        wall_hits=hits,
        revisits=revisits,
        extra=prefix - shortest if outcome in ("optimal", "solved") and shortest is not None else None,
    )
