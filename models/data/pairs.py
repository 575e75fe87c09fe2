"""Pairs of replies of which one is better, made by the verifier: it knows what is wrong with an answer and how.

| kind | the rejected answer |
| --- | --- |
| `wall` | goes through a wall, and on to G |
| `short` | stops before G |
| `overshot` | reaches G and goes on |
| `wrong-end` | is a shortest path to some other cell |
| `detour` | reaches G, with steps that lead nowhere |

The chosen one is the shortest path that the search in the same reply gives (`shortest_moves`): in a maze with loops,
any other shortest path contradicts the search that it stands behind. Each rejected answer is walked before it is used,
and is wrong in the way that it should be.
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
    """One pair for each maze that can have a wrong answer of the kind that is drawn for it.

    `shares` says how often each kind is drawn; one left out, or with share 0, is switched off.

    Raises CheckpointError for an unknown kind, or shares that are none.
    """
    check(shares)
    random = Random(seed)
    for maze in mazes:
        kind = random.choices(list(shares), list(shares.values()))[0]
        wrong = KINDS[kind](maze, shortest_moves(maze), random)
        if wrong is not None:
            assert score(maze, Answer(wrong)).outcome == OUTCOMES[kind]
            prompt, chosen = build_example(maze, answer_format)
            yield {"prompt": prompt, "chosen": chosen, "rejected": build_reply(maze, wrong, answer_format)}


def check(shares: Mapping[str, float]) -> None:
    """Raise CheckpointError unless these are shares of known kinds."""
    if unknown := sorted(set(shares) - set(KINDS)):
        raise CheckpointError(f"no kind of wrong answer {unknown[0]!r}; there are {', '.join(KINDS)}")
    if not any(shares.values()) or min(shares.values()) < 0:
        raise CheckpointError(f"the shares of the kinds are 0 or more and not all 0, not {dict(shares)}")


def read(file: Path) -> list[Pair]:
    """People's own preferences: JSON lines with `prompt`, `chosen` and `rejected`.

    Each is a text, or a list of messages with `role` and `content` (TRL's conversational form), all three of one form.
    A line ends with a newline and with nothing else: JSON allows U+2028 and U+0085 in a text. Blank lines are passed
    over, and so is a byte order mark. Raises CheckpointError, naming file and line, for anything else.
    """
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the path
        raise CheckpointError(f"cannot read the preferences {file}: {error}") from error
    found = [_pair(f"{file}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise CheckpointError(f"{file} holds no preferences: one JSON object a line was expected")
    if len({isinstance(pair["prompt"], str) for pair in found}) > 1:
        raise CheckpointError(f"{file} mixes texts and conversations: all lines have to be of one form")
    return found


def _pair(where: str, line: str) -> Pair:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{where}: no JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:  # a number of over 4,300 digits, or brackets a thousand deep
        raise CheckpointError(f"{where}: JSON that is not read ({error})") from error
    if not isinstance(value, dict) or not {"prompt", "chosen", "rejected"} <= value.keys():
        raise CheckpointError(f"{where}: an object with prompt, chosen and rejected was expected")
    parts = [value[name] for name in ("prompt", "chosen", "rejected")]
    talks = [_is_conversation(part) for part in parts]
    if not (all(isinstance(part, str) and part for part in parts) or all(talks)):
        raise CheckpointError(
            f"{where}: prompt, chosen and rejected are three texts, or three lists of messages with role and content"
        )
    if any(encodable(text) != text for part in parts for text in _texts(part)):
        raise CheckpointError(f"{where}: a lone surrogate, such as \\ud800, is no text that can be learned from")
    if parts[1] == parts[2]:
        raise CheckpointError(f"{where}: chosen and rejected are the same, so that nothing is preferred")
    return dict(zip(("prompt", "chosen", "rejected"), parts, strict=True))


def _is_conversation(part: object) -> bool:
    return (
        isinstance(part, list)
        and bool(part)
        and all(isinstance(one, dict) and all(isinstance(one.get(name), str) for name in MESSAGE) for one in part)
    )


def _texts(part: Text) -> list[str]:
    return [part] if isinstance(part, str) else [message[name] for message in part for name in MESSAGE]


def _wall(maze: Maze, right: str, random: Random) -> str | None:
    """Through a wall beside the path, and on from there by a shortest path, without coming back through it."""
    passed = follow(maze.start, right)
    through = []
    for at, cell in enumerate(passed[:-1]):
        for move in MOVES:
            beside = step(cell, move)
            if maze.contains(beside) and move not in maze.open_moves(cell):
                through.append((at, move, beside))
    if not through:
        return None
    at, move, beside = random.choice(through)
    return right[:at] + move + path(maze.walls, beside, maze.goal)


def _short(_: Maze, right: str, random: Random) -> str | None:
    return right[: random.randrange(1, len(right))] if len(right) > 1 else None


def _overshot(maze: Maze, right: str, random: Random) -> str | None:
    """One to three steps more, wherever they lead."""
    cell, more = maze.goal, ""
    for _ in range(random.randint(1, 3)):
        more += random.choice(maze.open_moves(cell))
        cell = step(cell, more[-1])
    return right + more if cell != maze.goal else right + more[0]


def _wrong_end(maze: Maze, right: str, random: Random) -> str | None:
    """To another cell, by a path on which G does not lie."""
    others = list(maze.cells())
    random.shuffle(others)
    for cell in others:
        if cell not in (maze.start, maze.goal):
            moves = path(maze.walls, maze.start, cell)
            if maze.goal not in follow(maze.start, moves) and not right.startswith(moves):
                return moves
    return None


def _detour(maze: Maze, right: str, random: Random) -> str | None:
    """Into a side way and back, somewhere on the path."""
    passed = follow(maze.start, right)
    aside = [
        (at, move)
        for at, cell in enumerate(passed[:-1])
        for move in maze.open_moves(cell)
        if step(cell, move) != maze.goal
    ]
    if not aside:
        return None
    at, move = random.choice(aside)
    return right[:at] + move + OPPOSITE[move] + right[at:]


KINDS: dict[str, Callable[[Maze, str, Random], str | None]] = {
    "wall": _wall,
    "short": _short,
    "overshot": _overshot,
    "wrong-end": _wrong_end,
    "detour": _detour,
}
OUTCOMES = {"wall": "wall", "short": "short", "overshot": "overshot", "wrong-end": "short", "detour": "solved"}
