"""Answer formats: the prompts and replies that fine-tunes learn from.

| answer format | prompt | reply |
| --- | --- | --- |
| `search` | a text to continue | S and G, the search from G, and the cells of the path (nano family) |
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
"""By answer format: the prompt style."""


def build_example(maze: Maze, answer_format: str = "search") -> tuple[Text, Text]:
    """The question of the benchmark about a maze, and a right reply."""
    return build_prompt(maze, answer_format), build_reply(maze, shortest_moves(maze), answer_format)


def build_prompt(maze: Maze, answer_format: str = "search") -> Text:
    """The question of the benchmark about a maze: messages in the format `chat`, else a text to continue."""
    return prompt(maze, PromptOptions("compact", PROMPT_STYLES[answer_format]))


def build_reply(maze: Maze, moves: str, answer_format: str = "search") -> Text:
    """A reply that answers with these moves (letters U, D, L, R), right or wrong.

    In the format `search`, the search is always right. It is composed of statements as in pretraining: the cell before
    a colon is the centre of a search, and a line that begins with the letter S contains its cell. The search is
    complete: a fine-tune that learned to stop at the group of S mistook any cell where it had stopped for S.
    """
    if answer_format == "search":
        groups = write_search(maze.walls, search(maze.walls, maze.goal))
        path = write_cells(follow(maze.start, moves))
        return f"{write_ends(maze).rstrip()}:{groups}\n{TAG}\nS{path}"
    return as_reply(f"{TAG} {' '.join(moves)}", answer_format)


def as_reply(text: str, answer_format: str) -> Text:
    """The text of a reply as its format needs it: in the format `chat` a list of one message."""
    return [{"role": "assistant", "content": text}] if answer_format == "chat" else text


def reply_text(reply: Text) -> str:
    """The text of a reply, which may be a list of messages."""
    return reply if isinstance(reply, str) else reply[-1]["content"]


def max_completion_tokens(answer_format: str, cells: int) -> int:
    """The token limit of a reply during training, for a maze of `cells` cells."""
    return reply_tokens(cells) if answer_format == "search" else 64 + 2 * cells
