"""An answer is scored by walking it, so that every shortest way is worth as much as any other."""

from __future__ import annotations

from dataclasses import dataclass

from .answer import Answer
from .maze import MOVES, Maze
from .outcomes import SOLVED
from .solve import distances


@dataclass(frozen=True)
class Score:
    """What came of walking one answer."""

    outcome: str
    """One of `benchmark.mazes.outcomes.OUTCOMES`."""
    moves: int = 0
    """The answer's moves."""
    prefix: int = 0
    """The moves before the first illegal one: the valid prefix."""
    shortest: int | None = None
    """The fewest moves that solve the maze; None where it cannot be solved."""
    progress: float = 0.0
    """The share of the distance from S to G that the valid prefix closed: 0 where it ends no nearer, 1 on G."""
    wall_hits: int = 0
    """Illegal moves, if a walker that hits a wall stays where it is and goes on with the next move."""
    revisits: int = 0
    """Steps of the valid prefix onto a cell where it has been before."""
    extra: int | None = None
    """Moves more than needed, where the maze was solved."""

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
    """Walk the answer's moves from S through the maze."""
    left = distances(maze.walls, maze.goal)
    away = int(left[maze.start])
    shortest = away if away >= 0 else None
    if answer.why == "unreachable":
        return Score("unreachable" if shortest is None else "false-unreachable", shortest=shortest)
    if answer.moves is None:
        return Score(answer.why if answer.why in ("empty", "truncated") else "unreadable", shortest=shortest)

    cell, prefix, end, visited = maze.start, 0, maze.start, {maze.start}
    first_illegal, hits, revisits, reached = "", 0, 0, False
    flat, cols = maze.flat, maze.cols
    for move in answer.moves:
        side, (down, right) = MOVES[move]
        beside = (cell[0] + down, cell[1] + right)
        if flat[cell[0] * cols + cell[1]] & side:
            hits += 1
            if not first_illegal:
                first_illegal = "wall" if maze.contains(beside) else "outside"
            continue
        cell = beside
        if not first_illegal:
            prefix, end = prefix + 1, cell
            revisits += cell in visited
            visited.add(cell)
            reached = reached or cell == maze.goal
    if first_illegal:
        outcome = first_illegal
    elif end == maze.goal:
        outcome = "optimal" if prefix == shortest else "solved"
    else:
        outcome = "overshot" if reached else "short"
    return Score(
        outcome,
        moves=len(answer.moves),
        prefix=prefix,
        shortest=shortest,
        progress=max(0.0, 1 - int(left[end]) / away) if away > 0 else 0.0,
        wall_hits=hits,
        revisits=revisits,
        extra=prefix - shortest if outcome in ("optimal", "solved") and shortest is not None else None,
    )
