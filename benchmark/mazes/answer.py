"""A reply becomes moves, or the reason why it cannot.

An answer stands behind the last `answer:` of a reply, on that line or, where the rest of it is blank, on the next
that is not. It is a list of cells, `(0,1) (0,2) (1,2)`, of which S and G may carry their letter, or of moves, as
letters (`R D`, `RD`) or as words (`right down`). A reply that is nothing but such a list needs no tag. Anything else
is unreadable: directions in prose are not an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .maze import MOVES, Cell

_TAG = re.compile(r"answer\s*:", re.IGNORECASE)
_BETWEEN = r"[\s,;>\-]*"
_CELL = re.compile(rf"(?:[SG]\s*)?\(\s*(\d{{1,6}})\s*,\s*(\d{{1,6}})\s*\){_BETWEEN}")
_WORD = re.compile(rf"(up|down|left|right)(?![a-z]){_BETWEEN}", re.IGNORECASE)
_LETTER = re.compile(rf"([UDLR]){_BETWEEN}", re.IGNORECASE)
_MOVE_OF_STEP = {step: move for move, (_, step) in MOVES.items()}


@dataclass(frozen=True)
class Answer:
    """The moves read from a reply, or, where `moves` is None, why there are none.

    `why` is one of `empty`, `truncated`, `no answer`, `malformed`, `jump` (two cells in a row that are not
    neighbours) and `start` (a list of cells that begins elsewhere than on S or beside it).
    """

    moves: str | None
    why: str = ""


def read(reply: str, start: Cell, truncated: bool = False) -> Answer:
    """Read any text; never raises, and takes time linear in its length.

    `start` is the cell of S, needed to turn cells into moves. `truncated` says that the engine cut the reply off:
    an answer that reaches to the end of such a reply is not trusted to be whole.
    """
    if not reply.strip():
        return Answer(None, "truncated" if truncated else "empty")
    end = max((tag.end() for tag in _TAG.finditer(reply)), default=None)
    body, whole = _line(reply[end or 0 :]) if end is not None else (reply, False)
    if truncated and not whole:
        return Answer(None, "truncated")
    body = body.strip().strip("`*. ")
    if (cells := _all(_CELL, body)) is not None:
        return _walk([(int(row), int(col)) for row, col in cells], start)
    for form in (_WORD, _LETTER):
        if (moves := _all(form, body)) is not None:
            return Answer("".join(move[0][0].upper() for move in moves))
    return Answer(None, "malformed" if end is not None else "no answer")


def write(start: Cell, moves: str) -> str:
    """A reply in the form that `read` knows best: the cells of the way behind the tag."""
    return "answer:" + "".join(f" ({row},{col})" for row, col in cells(start, moves))


def cells(start: Cell, moves: str) -> list[Cell]:
    """The cells that the moves pass, the start first, walls or not."""
    passed = [start]
    for move in moves:
        (row, col), (_, (down, right)) = passed[-1], MOVES[move]
        passed.append((row + down, col + right))
    return passed


def _line(text: str) -> tuple[str, bool]:
    """The first line that is not blank, and whether a newline ends it."""
    line, newline, _ = text.lstrip().partition("\n")
    return line, bool(newline)


def _all(form: re.Pattern[str], body: str) -> list[tuple[str, ...]] | None:
    """The groups of one match after another, or None unless they cover the whole body."""
    found, at = [], 0
    while at < len(body):
        match = form.match(body, at)
        if match is None:
            return None
        found.append(match.groups())
        at = match.end()
    return found or None


def _walk(listed: list[Cell], start: Cell) -> Answer:
    if listed[0] != start and (listed[0][0] - start[0], listed[0][1] - start[1]) not in _MOVE_OF_STEP:
        return Answer(None, "start")
    if listed[0] == start:
        listed = listed[1:]
    moves, here = "", start
    for cell in listed:
        step = (cell[0] - here[0], cell[1] - here[1])
        if step not in _MOVE_OF_STEP:
            return Answer(None, "jump")
        moves, here = moves + _MOVE_OF_STEP[step], cell
    return Answer(moves)
