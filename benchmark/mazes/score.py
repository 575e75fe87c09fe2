"""An answer is scored by walking it, so that every shortest way is worth as much as any other."""

from __future__ import annotations

from dataclasses import dataclass

from .answer import Answer
from .maze import MOVES, Maze
from .solve import shortest_path

OUTCOMES = {
    "optimal": "every move legal, the last one onto G, in the fewest moves",
    "solved": "every move legal, the last one onto G, in more moves than needed",
    "wall": "a move through a wall",
    "outside": "a move out of the maze",
    "short": "every move legal, G never reached",
    "overshot": "every move legal, G reached and left again",
    "unreadable": "a reply without an answer that could be read",
    "truncated": "a reply that was cut off before its answer was whole",
    "empty": "no text at all",
    "error": "no reply: the engine failed, the case is unscored",
}


@dataclass(frozen=True)
class Score:
    """What came of walking one answer.

    `moves` counts the answer's moves, `prefix` those before the first illegal one, `shortest` the fewest that
    solve the maze. `spl` is success weighted by path length (Anderson et al. 2018): shortest / moves if solved, else 0.
    """

    outcome: str
    moves: int
    prefix: int
    shortest: int

    @property
    def solved(self) -> bool:
        return self.outcome in ("optimal", "solved")

    @property
    def spl(self) -> float:
        return self.shortest / self.moves if self.solved else 0.0


def score(maze: Maze, answer: Answer) -> Score:
    """Walk the answer's moves from S through the maze."""
    shortest = len(shortest_path(maze))
    if answer.moves is None:
        outcome = answer.why if answer.why in ("empty", "truncated") else "unreadable"
        return Score(outcome, 0, 0, shortest)
    (row, col), reached = maze.start, False
    for count, move in enumerate(answer.moves):
        side, (down, right) = MOVES[move]
        if maze.walls[row, col] & side:
            inside = 0 <= row + down < maze.rows and 0 <= col + right < maze.cols
            return Score("wall" if inside else "outside", len(answer.moves), count, shortest)
        row, col = row + down, col + right
        reached = reached or (row, col) == maze.goal
    if (row, col) == maze.goal:
        outcome = "optimal" if len(answer.moves) == shortest else "solved"
    else:
        outcome = "overshot" if reached else "short"
    return Score(outcome, len(answer.moves), len(answer.moves), shortest)
