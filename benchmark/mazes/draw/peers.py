"""Converts drawings of other projects into `block` before they are read.

maze-dataset's `as_ascii` is `block` with E for the goal and X on its solution. ascii-maze-benchmark has no letters: its
start is an opening in the upper border and its goal one in the lower border, with START and FINISH above and below.
"""

from __future__ import annotations


def maze_dataset(lines: list[str]) -> list[str]:
    """Replace E by G, and X by open floor."""
    return [line.replace("E", "G").replace("X", " ") for line in lines]


def ascii_maze_benchmark(lines: list[str]) -> list[str]:
    """Keep the lines of the maze only, close both openings, and write S and G at them."""
    maze = [line for line in lines if "#" in line]
    lines = list(maze)
    if len(maze) >= 3:
        lines[1] = _marked(maze[1], maze[0].find(" "), "S")
        lines[-2] = _marked(lines[-2], maze[-1].find(" "), "G")
        lines[0], lines[-1] = (border.replace(" ", "#") for border in (maze[0], maze[-1]))
    return lines


def _marked(line: str, column: int, letter: str) -> str:
    return line if column < 0 else line[:column] + letter + line[column + 1 :]
