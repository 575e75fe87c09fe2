"""How a tokenizer cuts a drawing: how many tokens a row has, and whether rows are aligned in tokens."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.mazes.draw import DRAWINGS, Grid, draw
from benchmark.mazes.maze import Maze

from .weights import Weights


def read_tokenizer(weights: Weights) -> Any:
    """The tokenizer of a checkpoint, read without transformers, which takes seconds to import.

    Returns None if there is no tokenizer.json that can be read: loading the tokenizer reports that.
    """
    files = [folder / "tokenizer.json" for folder in (weights.folder, weights.whole)]
    file = next((file for file in files if file.is_file()), None)
    return file and _read_tokenizer(file, file.stat().st_mtime_ns)


@cache
def _read_tokenizer(file: Path, _changed: int) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001  `tokenizers` raises no narrower error
        return None


@dataclass(frozen=True)
class Audit:
    """The result for one drawing."""

    tokens: int
    """The number of tokens of the drawing, with the line breaks before and after it."""
    fewest: int
    """The smallest number of tokens from a cell to the cell below it."""
    most: int
    """The largest such number."""
    is_aligned: bool
    """Whether this number is equal for all cells, so that a move down is the same distance everywhere."""


def audit(weights: Weights, maze: Maze, drawing: str) -> Audit | None:
    """Tokenize a drawing of a maze with the tokenizer of a checkpoint.

    Returns None if there is no tokenizer.json that can be read, and for drawings without rows of cells.
    """
    form = DRAWINGS[drawing]
    tokenizer = read_tokenizer(weights) if isinstance(form, Grid) else None
    if tokenizer is None or not isinstance(form, Grid):
        return None
    text = f"\n{draw(maze, drawing)}\n"  # between other lines, as in a prompt
    starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]
    lines = [1]
    for line in text[1:].split("\n"):
        lines.append(lines[-1] + len(line) + 1)

    def token(row: int, col: int) -> int:
        line, column = form.place(row, col)
        return bisect_right(starts, lines[line] + column)

    steps = {token(row + 1, col) - token(row, col) for row in range(maze.rows - 1) for col in range(maze.cols)}
    return Audit(len(starts), min(steps), max(steps), len(steps) == 1)
