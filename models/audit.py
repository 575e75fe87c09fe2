"""How a tokenizer sees a drawing: how many tokens a row is, and whether a column stands below itself in tokens too."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from benchmark.mazes.draw import DRAWINGS, Grid, draw
from benchmark.mazes.maze import Maze

from .weights import Weights


@dataclass(frozen=True)
class Audit:
    """Of one drawing, read as a whole."""

    tokens: int
    """All of it, with the ends of the line before it and of its last line."""
    fewest: int
    """From a cell to the one below it."""
    most: int
    is_aligned: bool
    """Whether that is the same number for all cells, so that a step down is the same step everywhere."""


def audit(weights: Weights, maze: Maze, drawing: str) -> Audit | None:
    """Read a maze, drawn in that style, with a checkpoint's tokenizer.

    None where it has none in tokenizer.json, or one that cannot be read (whoever loads it says so), and for styles
    that do not draw cells in rows. The file is read without transformers, which takes seconds to import.
    """
    from tokenizers import Tokenizer

    style = DRAWINGS[drawing]
    files = [folder / "tokenizer.json" for folder in (weights.folder, weights.whole)]
    file = next((file for file in files if file.is_file()), None)
    if file is None or not isinstance(style, Grid):
        return None
    text = f"\n{draw(maze, drawing)}\n"  # as it stands in a prompt, between other lines
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001  `tokenizers` raises this, and nothing narrower
        return None
    starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]
    lines = [1]
    for line in text[1:].split("\n"):
        lines.append(lines[-1] + len(line) + 1)

    def token(row: int, col: int) -> int:
        line, column = style.place(row, col)
        return bisect_right(starts, lines[line] + column)

    steps = {token(row + 1, col) - token(row, col) for row in range(maze.rows - 1) for col in range(maze.cols)}
    return Audit(len(starts), min(steps), max(steps), len(steps) == 1)
