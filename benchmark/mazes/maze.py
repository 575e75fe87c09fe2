"""A maze: the walls of a lattice, a start and a goal.

Rows are counted down and columns to the right, both from 0. Each cell has a bit mask of the sides with a wall. A wall
between two cells is in the masks of both, and the border is closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import InitVar, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .errors import MazeError

Walls = NDArray[np.uint8]
Cell = tuple[int, int]

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
"""The bit of each side in a mask; bit 0 to 3 in the order U D L R."""
ALL = UP | DOWN | LEFT | RIGHT
DEAD_ENDS = (ALL ^ UP, ALL ^ DOWN, ALL ^ LEFT, ALL ^ RIGHT)
"""The masks of cells with one open side."""

# move -> (the bit of the side that it crosses, its step in rows and columns)
MOVES: dict[str, tuple[int, Cell]] = {
    "U": (UP, (-1, 0)),
    "D": (DOWN, (1, 0)),
    "L": (LEFT, (0, -1)),
    "R": (RIGHT, (0, 1)),
}
OPPOSITE = {"U": "D", "D": "U", "L": "R", "R": "L"}
MOVE_OF_STEP = {step: move for move, (_, step) in MOVES.items()}

# the moves through the open sides of a cell, by its bit mask, in the order U D L R
_OPEN_MOVES = ["".join(move for move, (side, _) in MOVES.items() if not mask & side) for mask in range(ALL + 1)]


def step(cell: Cell, move: str) -> Cell:
    """Return the cell that a move leads to. Walls are ignored, and the cell may be outside the maze."""
    _, (down, right) = MOVES[move]
    return cell[0] + down, cell[1] + right


def follow(start: Cell, moves: str) -> list[Cell]:
    """Return the cells that the moves visit, with `start` first. Walls are ignored."""
    passed = [start]
    for move in moves:
        passed.append(step(passed[-1], move))
    return passed


def open_moves(walls: Walls, cell: Cell) -> str:
    """Return the moves from a cell through open sides, in the order U D L R."""
    return _OPEN_MOVES[int(walls[cell])]


@dataclass(frozen=True, eq=False)
class Maze:
    """Walls of shape (rows, cols), dtype uint8, with a start and a goal (row, column).

    Raises MazeError where the border is open, two neighbours disagree about the wall between them, start or goal is
    outside the maze, or both are the same cell. `check=False` skips the checks of the walls, which take time that the
    generators do not need.
    """

    walls: Walls
    start: Cell
    goal: Cell
    check: InitVar[bool] = True

    def __post_init__(self, check: bool) -> None:
        if check:
            check_walls(self.walls)
        for name, (row, col) in (("start", self.start), ("goal", self.goal)):
            if not self.contains((row, col)):
                raise MazeError(
                    f"the {name} ({row},{col}) is outside the maze, which has {self.rows} rows and {self.cols} columns"
                )
        if self.start == self.goal:
            raise MazeError(f"start and goal are the same cell {self.start}")

    @cached_property
    def flat(self) -> bytes:
        """The walls row by row. Reading single values from bytes is faster than from an array."""
        return self.walls.tobytes()

    @property
    def rows(self) -> int:
        return int(self.walls.shape[0])

    @property
    def cols(self) -> int:
        return int(self.walls.shape[1])

    def cells(self) -> Iterator[Cell]:
        """Yield all cells, row by row."""
        return ((row, col) for row in range(self.rows) for col in range(self.cols))

    def contains(self, cell: Cell) -> bool:
        return 0 <= cell[0] < self.rows and 0 <= cell[1] < self.cols

    def open_moves(self, cell: Cell) -> str:
        """Return the moves from a cell through open sides, in the order U D L R."""
        return _OPEN_MOVES[self.flat[cell[0] * self.cols + cell[1]]]

    def step(self, cell: Cell, move: str) -> Cell:
        """Return the cell that a move leads to; `cell` itself where a wall is in between."""
        return step(cell, move) if move in self.open_moves(cell) else cell

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Maze) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[tuple[int, ...], bytes, Cell, Cell]:
        return self.walls.shape, self.walls.tobytes(), self.start, self.goal

    def digest(self) -> str:
        """Return the sha256 of shape, walls, start and goal, which is the same on every machine."""
        head = f"{self.rows}x{self.cols} {self.start} {self.goal} "
        return hashlib.sha256(head.encode() + self.walls.tobytes()).hexdigest()


def check_walls(walls: Walls) -> None:
    """Raise MazeError unless the border of `walls` is closed and all neighbours agree about the walls between them."""
    if walls.ndim != 2 or walls.dtype != np.uint8 or min(walls.shape) < 1 or walls.size < 2:
        raise MazeError(f"walls must be a uint8 array of shape (rows, cols), not {walls.dtype} of shape {walls.shape}")
    # valid walls return here, in a third of the time of the checks below, which find out what is wrong
    if not (
        ((walls[:, :-1] >> 3 ^ walls[:, 1:] >> 2) & 1).any()
        or ((walls[:-1] >> 1 ^ walls[1:]) & 1).any()
        or ~np.bitwise_and.reduce(walls[0]) & UP
        or ~np.bitwise_and.reduce(walls[-1]) & DOWN
        or ~np.bitwise_and.reduce(walls[:, 0]) & LEFT
        or ~np.bitwise_and.reduce(walls[:, -1]) & RIGHT
    ):
        return
    border = (
        ("top", walls[0], UP),
        ("bottom", walls[-1], DOWN),
        ("left", walls[:, 0], LEFT),
        ("right", walls[:, -1], RIGHT),
    )
    for name, edge, side in border:
        if not (edge & side).all():
            raise MazeError(f"the {name} border is open")
    across = (walls[:, :-1] & RIGHT != 0) != (walls[:, 1:] & LEFT != 0)
    down = (walls[:-1] & DOWN != 0) != (walls[1:] & UP != 0)
    for name, disagree in (("right of", across), ("below", down)):
        if disagree.any():
            row, col = np.argwhere(disagree)[0]
            raise MazeError(f"the two cells at the wall {name} ({row},{col}) disagree: both or neither must have it")
