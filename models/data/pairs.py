"""Preference pairs: a prompt, a chosen reply and a rejected one. They are generated, or read from a file.

| kind | the rejected answer |
| --- | --- |
| `wall` | goes through a wall, then on to G |
| `short` | stops before G |
| `overshot` | reaches G and continues |
| `wrong-end` | is a shortest path to another cell |
| `detour` | reaches G with two superfluous moves |

The chosen answer is the shortest path that the search in the same reply contains (`shortest_moves`): in a maze with
loops, another shortest path would contradict that search. The verifier scores each rejected answer before it is used:
it must have the outcome of its kind (OUTCOMES).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

from benchmark.mazes.answer import Answer
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.maze import MOVES, OPPOSITE, Maze, follow, step
from benchmark.mazes.printable import encodable
from benchmark.mazes.score import score
from benchmark.mazes.solve import path

from .formats import Text, build_example, build_reply
from .search import shortest_moves

MESSAGE = ("role", "content")
Pair = dict[str, Text]  # with "prompt", "chosen" and "rejected"


def pairs(
    mazes: Iterator[Maze], shares: Mapping[str, float], seed: int, answer_format: str = "search"
) -> Iterator[Pair]:
    """One pair for each maze, except for mazes that have no wrong answer of the kind that was drawn.

    Args:
        mazes: the mazes of the prompts.
        shares: how often each kind is drawn, relative to the others; a kind that is missing or 0 is never drawn.
        seed: the seed of the kinds and of the wrong answers.
        answer_format: see `models.data.formats`.

    Raises CheckpointError for an unknown kind, a negative share, or shares that are all 0.
    """
    check(shares)
    random = Random(seed)
    for maze in mazes:
        kind = random.choices(list(shares), list(shares.values()))[0]
        wrong_moves = KINDS[kind](maze, shortest_moves(maze), random)
        if wrong_moves is not None:
            assert score(maze, Answer(wrong_moves)).outcome == OUTCOMES[kind]
            prompt, chosen = build_example(maze, answer_format)
            yield {"prompt": prompt, "chosen": chosen, "rejected": build_reply(maze, wrong_moves, answer_format)}


def check(shares: Mapping[str, float]) -> None:
    """Raise CheckpointError for an unknown kind, a negative share, or shares that are all 0."""
    if unknown := sorted(set(shares) - set(KINDS)):
        raise CheckpointError(f"unknown kind of wrong answer: {unknown[0]!r}. The kinds are {', '.join(KINDS)}")
    if not any(shares.values()) or min(shares.values()) < 0:
        raise CheckpointError(f"shares of wrong answers must be 0 or more, and not all 0: {dict(shares)}")


def read(file: Path) -> list[Pair]:
    """Read preferences from a file of JSON lines with `prompt`, `chosen` and `rejected`.

    Each of the three is a text, or each is a list of messages with `role` and `content` (TRL's conversational form).
    All lines have the same form. Lines end with a newline only: JSON allows U+2028 and U+0085 in a text, where
    `str.splitlines` would cut. Blank lines and a byte order mark are ignored.

    Raises CheckpointError with file and line where the file cannot be read, or a line is not of this form.
    """
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the path
        raise CheckpointError(f"cannot read the preferences {file}: {error}") from error
    read_pairs = [_parse_pair(f"{file}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not read_pairs:
        raise CheckpointError(f"{file} contains no preferences. Expected one JSON object on each line")
    if len({isinstance(pair["prompt"], str) for pair in read_pairs}) > 1:
        raise CheckpointError(f"{file} mixes texts and conversations. All lines must have the same form")
    return read_pairs


def _parse_pair(where: str, line: str) -> Pair:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{where}: not valid JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:  # a number of over 4,300 digits, or brackets a thousand deep
        raise CheckpointError(f"{where}: JSON that cannot be read ({error})") from error
    if not isinstance(value, dict) or not {"prompt", "chosen", "rejected"} <= value.keys():
        raise CheckpointError(f"{where}: expected an object with prompt, chosen and rejected")
    parts = [value[name] for name in ("prompt", "chosen", "rejected")]
    are_texts = all(isinstance(part, str) and part for part in parts)
    if not (are_texts or all(_is_conversation(part) for part in parts)):
        raise CheckpointError(
            f"{where}: prompt, chosen and rejected must be three texts or three lists of messages with role and content"
        )
    if any(encodable(text) != text for part in parts for text in _texts(part)):
        raise CheckpointError(f"{where}: the text contains a lone surrogate, such as \\ud800. Remove it")
    if parts[1] == parts[2]:
        raise CheckpointError(f"{where}: chosen and rejected are the same, so there is no preference")
    return dict(zip(("prompt", "chosen", "rejected"), parts, strict=True))


def _is_conversation(part: object) -> bool:
    return (
        isinstance(part, list)
        and bool(part)
        and all(
            isinstance(message, dict) and all(isinstance(message.get(name), str) for name in MESSAGE)
            for message in part
        )
    )


def _texts(part: Text) -> list[str]:
    return [part] if isinstance(part, str) else [message[name] for message in part for name in MESSAGE]


def _wall(maze: Maze, right: str, random: Random) -> str | None:
    """Through a wall next to the right path, then along the shortest path from the cell behind the wall.

    Returns None if no cell of the path has an inner wall.
    """
    cells = follow(maze.start, right)
    passages = []
    for index, cell in enumerate(cells[:-1]):  # at G the maze is solved already
        for move in MOVES:
            neighbour = step(cell, move)
            if maze.contains(neighbour) and move not in maze.open_moves(cell):
                passages.append((index, move, neighbour))
    if not passages:
        return None
    index, move, neighbour = random.choice(passages)
    return right[:index] + move + path(maze.walls, neighbour, maze.goal)


def _short(_: Maze, right: str, random: Random) -> str | None:
    """The beginning of the right path, one move at least. Returns None for a path of one move."""
    return right[: random.randrange(1, len(right))] if len(right) > 1 else None


def _overshot(maze: Maze, right: str, random: Random) -> str | None:
    """The right path, and one to three random moves."""
    cell, extra = maze.goal, ""
    for _ in range(random.randint(1, 3)):
        extra += random.choice(maze.open_moves(cell))
        cell = step(cell, extra[-1])
    return right + extra if cell != maze.goal else right + extra[0]  # an answer that returns to G solves the maze


def _wrong_end(maze: Maze, right: str, random: Random) -> str | None:
    """The shortest path to a random cell, if it does not contain G. Returns None if there is no such cell."""
    cells = list(maze.cells())
    random.shuffle(cells)
    for cell in cells:
        if cell not in (maze.start, maze.goal):
            moves = path(maze.walls, maze.start, cell)
            # a beginning of the right path would be of the kind `short`
            if maze.goal not in follow(maze.start, moves) and not right.startswith(moves):
                return moves
    return None


def _detour(maze: Maze, right: str, random: Random) -> str | None:
    """The right path, and somewhere on it a move to a neighbour and back. None if there is none but G."""
    cells = follow(maze.start, right)
    side_moves = [
        (index, move)
        for index, cell in enumerate(cells[:-1])
        for move in maze.open_moves(cell)
        if step(cell, move) != maze.goal
    ]
    if not side_moves:
        return None
    index, move = random.choice(side_moves)
    return right[:index] + move + OPPOSITE[move] + right[index:]


KINDS: dict[str, Callable[[Maze, str, Random], str | None]] = {
    "wall": _wall,
    "short": _short,
    "overshot": _overshot,
    "wrong-end": _wrong_end,
    "detour": _detour,
}
"""By kind: a function from a maze, the right moves and a random generator to wrong moves; None if there are none."""
OUTCOMES = {"wall": "wall", "short": "short", "overshot": "overshot", "wrong-end": "short", "detour": "solved"}
"""By kind: the outcome that the verifier must find."""
