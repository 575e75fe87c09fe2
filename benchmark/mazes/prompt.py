"""A drawing becomes a question."""

from __future__ import annotations

import hashlib

from .draw import draw
from .maze import Maze

LEGENDS = {
    "block": "# is a wall.",
    "compact": "_ and | are walls.",
}
QUESTION = """\
Find a shortest path from S to G in this maze. {legend}
{drawing}
Write "answer:" and then the cells of the path as (row,column), rows counted down and columns right, both from 0; \
or its moves as U D L R, one cell each.
"""


def prompt(maze: Maze, drawing: str) -> str:
    """The question about a maze, for a model that continues text."""
    return QUESTION.format(legend=LEGENDS[drawing], drawing=draw(maze, drawing))


def digest() -> str:
    """The sha256 of the wording: runs with different wordings are not comparable."""
    return hashlib.sha256("\n".join([QUESTION, *LEGENDS.values()]).encode()).hexdigest()
