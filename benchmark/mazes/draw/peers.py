"""Drawings of other projects, turned into ours before they are read.

maze-dataset's `as_ascii` is `block` with E for the goal, and X where its solution runs. ascii-maze-benchmark has no
letters: one opens the upper border, the other the lower, and START and FINISH with arrows may stand above and below.
"""

from __future__ import annotations


def maze_dataset(lines: list[str]) -> list[str]:
    """The lines with G for E and an open floor for X."""
    return [line.replace("E", "G").replace("X", " ") for line in lines]


def ascii_maze_benchmark(lines: list[str]) -> list[str]:
    """The lines of the maze alone, with S below the opening of the upper border and G above that of the lower."""
    maze = [line for line in lines if "#" in line]
    lines = list(maze)
    if len(maze) >= 3:
        lines[1] = _marked(maze[1], maze[0].find(" "), "S")
        lines[-2] = _marked(lines[-2], maze[-1].find(" "), "G")
        lines[0], lines[-1] = (border.replace(" ", "#") for border in (maze[0], maze[-1]))
    return lines


def _marked(line: str, at: int, letter: str) -> str:
    return line if at < 0 else line[:at] + letter + line[at + 1 :]
