"""The forms in which an answer may give its moves. Prose is not an answer.

| form | example |
| --- | --- |
| cells | `(0,0) (0,1) (1,1)`, `S (0,0), (0,1)`, `[[0, 0], [0, 1]]` |
| words | `right, down`, `direita baixo`, `east south` |
| letters | `RD`, `R, D`, `r -> d`; or N S E W |
| arrows | `→↓`, `> v` |
| digits | `6 2`: the compass of a keypad, 8 up, 2 down, 4 left, 6 right |

An answer uses one form throughout. Each parser takes time linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..maze import MOVE_OF_STEP, Cell

_WORDS = {
    "U": ("up", "upward", "upwards", "north", "cima", "acima", "norte"),
    "D": ("down", "downward", "downwards", "south", "baixo", "abaixo", "sul"),
    "L": ("left", "west", "esquerda", "oeste"),
    "R": ("right", "east", "direita", "leste"),
}
# separators between two moves; among arrows an arrow is a move, and before a cell an opening bracket belongs to it
_BETWEEN = r"[\s,;|>\-–=→\"'`\[\]{}]*"
_BETWEEN_CELLS = r"[\s,;|>\-–=→\"'`\]{}]*"
_BETWEEN_ARROWS = r"[\s,;|\"'`\[\]{}\ufe0f]*"
_SIGNS = tuple(
    ({sign: move for move, variants in zip("UDLR", signs, strict=True) for sign in variants}, re.compile(between))
    for signs, between in (
        (("Uu", "Dd", "Ll", "Rr"), _BETWEEN),
        (("N", "S", "W", "E"), _BETWEEN),
        (("↑⬆⇧", "↓⬇⇩", "←⬅⇦", "→➡⇨"), _BETWEEN_ARROWS),
        (("^", "vV", "<", ">"), _BETWEEN_ARROWS),
        (("8", "2", "4", "6"), _BETWEEN),
    )
)

_CELL = re.compile(rf"(?:[SG]\s*:?\s*)?[(\[]\s*(\d{{1,6}})\s*,\s*(\d{{1,6}})\s*[)\]]{_BETWEEN_CELLS}")
MOVE_OF_WORD = {word: move for move, words in _WORDS.items() for word in words}
_WORD = re.compile(
    rf"(?:(?:then|and|depois|e)\s)?(?:para\s(?:a\s)?)?({'|'.join(sorted(MOVE_OF_WORD, key=len, reverse=True))})"
    rf"(?![^\W_]){_BETWEEN}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """The moves read from a reply, or, where `moves` is None, why there are none.

    `why` is `unreachable` (the reply states that no path leads to G, which is an answer too), `empty`, `truncated`,
    `no answer`, `malformed`, `jump` (two consecutive cells are not neighbours) or `start` (a list of cells begins
    neither with S nor with one of its neighbours).
    """

    moves: str | None
    why: str = ""

    @property
    def is_readable(self) -> bool:
        """Whether an answer was read: moves, or `unreachable`."""
        return self.moves is not None or self.why == "unreachable"


def parse_whole(text: str, start: Cell) -> Answer | None:
    """Return the answer of a text that consists of an answer only; None for any other text."""
    text = text.rstrip()
    answer, end = parse_beginning(text, start)
    return answer if end == len(text) else None


def parse_beginning(text: str, start: Cell) -> tuple[Answer | None, int]:
    """Return the answer that a text begins with, and the position of its end without blanks; (None, 0) without one."""
    first = len(text) - len(text.lstrip(" \t[{\"'`"))
    for answer, end in (
        _cells(text, first, start),
        _words(text, first),
        *(_signs(text, first, move_of, between) for move_of, between in _SIGNS),
    ):
        if answer is not None:
            return answer, len(text[:end].rstrip())
    return None, 0


def _cells(text: str, at: int, start: Cell) -> tuple[Answer | None, int]:
    if text[at : at + 1].isdigit() and at and text[at - 1] == "[":
        at -= 1  # the bracket belongs to the cell
    listed: list[Cell] = []
    while match := _CELL.match(text, at):
        listed.append((int(match[1]), int(match[2])))
        at = match.end()
    return (_walk(listed, start), at) if listed else (None, 0)


def _words(text: str, at: int) -> tuple[Answer | None, int]:
    moves: list[str] = []
    while match := _WORD.match(text, at):
        moves.append(MOVE_OF_WORD[match[1].lower()])
        at = match.end()
    return (Answer("".join(moves)), at) if moves else (None, 0)


def _signs(text: str, at: int, move_of: dict[str, str], between: re.Pattern[str]) -> tuple[Answer | None, int]:
    moves: list[str] = []
    while at < len(text) and (move := move_of.get(text[at])):
        moves.append(move)
        at += 1
        if match := between.match(text, at):
            at = match.end()
    inside = at < len(text) and text[at].isalnum() and text[at - 1].isalnum()  # letters inside a word are not moves
    return (Answer("".join(moves)), at) if moves and not inside else (None, 0)


def _walk(listed: list[Cell], start: Cell) -> Answer:
    if listed[0] != start and (listed[0][0] - start[0], listed[0][1] - start[1]) not in MOVE_OF_STEP:
        return Answer(None, "start")
    current, moves = start, []
    for cell in listed[1:] if listed[0] == start else listed:
        step = (cell[0] - current[0], cell[1] - current[1])
        if step not in MOVE_OF_STEP:
            return Answer(None, "jump")
        moves.append(MOVE_OF_STEP[step])
        current = cell
    return Answer("".join(moves))
