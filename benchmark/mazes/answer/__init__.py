r"""A reply becomes moves, or the reason why it cannot.

**Strictly**, an answer stands behind the last `answer:` (or `resposta:`) of a reply, on that line or, where the rest of
it is blank, on what follows: the next line, a fenced block, or a copy of the drawing with the way marked in it. It has
one of the `forms` from end to end, or says `unreachable`. A reply that is nothing but an answer needs no tag. What a
model thinks between `<think>` and `</think>` is no part of its reply.

**Leniently**, other tags count too (`<answer>`, `\boxed{}`, `Path:`, ...), the last one that has an answer behind it is
taken, words may follow it in a new sentence, it may go over several lines, and a last line or last block that is
nothing but an answer needs no tag. Directions in prose, in code and in the reasoning are no answer either way.

Both readings are recorded. The strict one is scored; how much the lenient one would add is told beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..draw import Glyphs
from ..maze import MOVES, Cell, Maze
from .forms import Answer, beginning, whole
from .marked import marked

__all__ = ["Answer", "Reading", "cells", "read", "write"]

_TAG = re.compile(r"(?<![^\W_])(?:answer|resposta)[ \t*_`]{0,4}:", re.IGNORECASE)
_OTHER_TAG = re.compile(
    r"(?<![^\W_])(?:answer|resposta(?: final)?)[ \t*_`]{0,4}:|(?<![^\W_])(?:the answer is|a resposta é)\b:?"
    r"|<answer>|\\boxed\{"
    r"|^[ \t>#*_-]{0,8}(?P<weak>solution|path|moves|directions|solução|caminho|movimentos)[ \t*_`]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_TAGS = 20  # of the other tags, the last so many are looked at
_MOST_AFTER = 80  # characters behind the answer of a weak tag, which may stand in the midst of reasoning too
_THOUGHT = re.compile(r"[<\[]/?think(?:ing)?[>\]]", re.IGNORECASE)
_NO_WAY = re.compile(r"unreachable|inalcançável", re.IGNORECASE)
_NO_WAY_AT_ALL = re.compile(
    r"(?:(?:it|g) is )?(?:unreachable|inalcançável|not reachable|unsolvable|impossible|impossível|infeasible|no path|"
    r"no path exists|there is no path|no solution|sem caminho|sem solução|não há caminho)(?: to g| até g)?[.!]?",
    re.IGNORECASE,
)
_MARKUP = "`*_ \t\r"
_NUMBERED = re.compile(r"[ \t]*(?:\d{1,6}[.)]|[-*•])[ \t]+")
_AFTER = re.compile(r"\s*(?:[.!(<}\\*`\n]|$)")  # what may follow a lenient answer


@dataclass(frozen=True)
class Reading:
    """Both readings of one reply."""

    strict: Answer
    lenient: Answer


def read(reply: str, maze: Maze, drawing: str = "", glyphs: Glyphs | None = None, truncated: bool = False) -> Reading:
    """Read any text; never raises, and takes time linear in its length.

    The maze is needed to turn cells, or marks in a copy of its `drawing`, into moves. `truncated` says that the engine
    cut the reply off: an answer that reaches to the end of such a reply is not trusted to be whole.
    """
    if not reply.strip():
        return _both(Answer(None, "truncated" if truncated else "empty"))
    text = _spoken(reply)
    strict = _strict(text, maze, drawing, glyphs, truncated)
    if strict.is_readable or not text.strip():
        return _both(strict)
    lenient = _lenient(text, maze, drawing, glyphs, truncated)
    return Reading(strict, lenient or strict)


def write(answer: Answer) -> str:
    """A reply that says this, in the form that the prompts ask for."""
    return "answer: " + (" ".join(answer.moves) if answer.moves is not None else answer.why)


def cells(start: Cell, moves: str) -> list[Cell]:
    """The cells that the moves pass, the start first, walls or not."""
    passed = [start]
    for move in moves:
        (row, col), (_, (down, right)) = passed[-1], MOVES[move]
        passed.append((row + down, col + right))
    return passed


def _both(answer: Answer) -> Reading:
    return Reading(answer, answer)


def _spoken(reply: str) -> str:
    """The reply without what was only thought; nothing, where a thought was begun and never ended."""
    end, opened = 0, False
    for match in _THOUGHT.finditer(reply):
        opened = match[0][1] != "/"
        end = match.end()
    return "" if opened else reply[end:]


def _strict(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, truncated: bool) -> Answer:
    tags = list(_TAG.finditer(text))
    behind = text[tags[-1].end() :] if tags else text
    line, ended = _line(behind) if tags else (text, False)
    if not truncated or ended:
        block = _fenced(behind) if tags else None
        for body in (line, block) if block else (line,):
            if answer := _plain(body, maze.start):
                return answer
    if (tags or _is_bare(text)) and (answer := marked(behind, maze, drawing, glyphs)):
        return answer
    if truncated and not ended:
        return Answer(None, "truncated")
    return Answer(None, "malformed" if tags else "no answer")


def _is_bare(text: str) -> bool:
    """Whether no line of a text is prose: three letters in a row make a word, unless they are marks around S and G."""
    return all(len({*word} - {"S", "G"}) < 2 for word in re.findall(r"[^\W\d_]{3,}", text))


def _lenient(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, truncated: bool) -> Answer | None:
    """What a reader with good will would take for the answer."""
    start = maze.start
    for tag in list(_OTHER_TAG.finditer(text))[-1 : -_MOST_TAGS - 1 : -1]:
        behind = text[tag.end() :].lstrip(_MARKUP + "\n:")
        block = _fenced(behind)
        for body in (behind, block) if block else (behind,):
            answer, after = _beginning(body, start)
            if truncated and body is behind and not after:
                continue  # it may have been cut off
            if answer and not (tag["weak"] and len(after.strip()) > _MOST_AFTER):
                return answer
    block = _fenced(text, last=True)
    if block is not None:
        answer = _plain(block, start) or marked(block, maze, drawing, glyphs)
        if answer and answer.is_readable:
            return answer
    lines = text.rstrip().rsplit("\n", 1)
    last = lines[-1].strip(_MARKUP)
    answer = _plain(last, start) or (Answer(None, "unreachable") if _NO_WAY_AT_ALL.fullmatch(last) else None)
    return answer if answer and answer.is_readable and not truncated else None


def _plain(text: str, start: Cell) -> Answer | None:
    """The answer that a text is from end to end, its markup left aside."""
    text = text.strip(_MARKUP + "\n.")
    if _NO_WAY.fullmatch(text):
        return Answer(None, "unreachable")
    return whole(text, start) if text else None


def _beginning(text: str, start: Cell) -> tuple[Answer | None, str]:
    """The answer that a text begins with, unless its sentence goes on, and what follows; also one move a line."""
    if (found := _NO_WAY_AT_ALL.match(text)) and _AFTER.match(text, found.end()):
        return Answer(None, "unreachable"), text[found.end() :]
    listed, at = [], 0
    while number := _NUMBERED.match(text, at):
        line_end = text.find("\n", number.end())
        line = text[number.end() : line_end if line_end >= 0 else len(text)].strip(_MARKUP)
        if whole(line, start) is None:
            break
        listed.append(line)
        at = line_end + 1 or len(text)
    body = " ".join(listed) if listed else text
    answer, end = beginning(body, start)
    if answer is None or not answer.is_readable or not _AFTER.match(body, end):
        return None, ""
    return answer, text[at if listed else end :]


def _line(text: str) -> tuple[str, bool]:
    """The first line that is not blank, and whether a newline ends it."""
    line, newline, _ = text.lstrip(_MARKUP + "\n").partition("\n")
    return line, bool(newline)


def _fenced(text: str, last: bool = False) -> str | None:
    """The content of the fenced block that a text begins with, or of the last one in it."""
    if last:
        end = text.rfind("```")
        begin = text.rfind("```", 0, end) if end > 0 else -1
    else:
        begin = 0 if text.lstrip().startswith("```") else -1
        begin = text.find("```") if begin == 0 else -1
        end = text.find("```", begin + 3) if begin >= 0 else -1
    if begin < 0 or end < begin:
        return None
    return text[begin + 3 : end].partition("\n")[2]
