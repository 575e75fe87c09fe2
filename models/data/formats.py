"""How a maze is asked about and answered in what a fine-tune learns from.

| answer format | prompt | reply |
| --- | --- | --- |
| `search` | a text to continue | S and G, the search from G, and the cells of the path (the nano family's) |
| `plain` | a text to continue | the moves alone |
| `chat` | messages for the model's chat template | the moves alone |
"""

from __future__ import annotations

from benchmark.mazes.maze import Maze, follow
from benchmark.mazes.prompt import Message, PromptOptions, prompt
from benchmark.mazes.prompt.en import TAG
from models.budget import reply_tokens

from .search import search, shortest_moves, write_cells, write_ends, write_search

Text = str | list[Message]
PROMPT_STYLES = {"search": "plain", "plain": "plain", "chat": "chat"}
"""Each answer format, and the style of prompt that goes with it."""


def build_example(maze: Maze, answer_format: str = "search") -> tuple[Text, Text]:
    """The benchmark's question about a maze, and a right reply."""
    return build_prompt(maze, answer_format), build_reply(maze, shortest_moves(maze), answer_format)


def build_prompt(maze: Maze, answer_format: str = "search") -> Text:
    """The benchmark's question about a maze: messages in the format `chat`, else a text to continue."""
    return prompt(maze, PromptOptions("compact", PROMPT_STYLES[answer_format]))


def build_reply(maze: Maze, moves: str, answer_format: str = "search") -> Text:
    """A reply that answers with these moves, right or wrong.

    In the format `search` the search itself is always right, and is put together from statements that the base knows: a
    cell before a colon is where a search begins, and a line that begins with the letter S says where it stands. All
    groups are given: a fine-tune that was taught to stop at the group that reaches S took any cell it had stopped at
    for S.
    """
    if answer_format == "search":
        searched = write_search(maze.walls, search(maze.walls, maze.goal))
        path = write_cells(follow(maze.start, moves))
        return f"{write_ends(maze).rstrip()}:{searched}\n{TAG}\nS{path}"
    return as_reply(f"{TAG} {' '.join(moves)}", answer_format)


def as_reply(text: str, answer_format: str) -> Text:
    """A reply's text in the form that its format has: a message in a chat."""
    return [{"role": "assistant", "content": text}] if answer_format == "chat" else text


def reply_text(reply: Text) -> str:
    """The text of a reply, also where it is a message."""
    return reply if isinstance(reply, str) else reply[-1]["content"]


def max_completion_tokens(answer_format: str, cells: int) -> int:
    """The most tokens that a reply about a maze of so many cells may have while a model learns."""
    return reply_tokens(cells) if answer_format == "search" else 64 + 2 * cells
