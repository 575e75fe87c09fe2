r"""A reply becomes moves, or the reason why it cannot.

**Strictly**, an answer stands behind the last `answer:` (or `resposta:`) of a reply, on that line or, where the rest of
it is blank, on what follows: the next line, a fenced block, or a copy of the drawing with the way marked in it. It has
one of the `forms` from end to end, or says `unreachable`. A reply that is nothing but an answer needs no tag. What a
model thinks (`<think>...</think>` and the other marks of `thoughts`) is no part of its reply.

**Leniently**, other tags count too (`<answer>`, `\boxed{}`, `Path:`, ...), the last one that has an answer behind it is
taken, words may follow it in a new sentence, it may go over several lines, and a last line or last block that is
nothing but an answer needs no tag. Directions in prose, in code and in the reasoning are no answer either way. An
answer is taken whole or not at all: of moves that go on in a way that is not understood, none is taken.

A reply that was cut off may have been cut off in a thought. It has an answer only where that ends the reply: a tag and
its line with the newline behind it, a block or a box that is closed, or a whole copy of the drawing.

Both readings are recorded. The strict one is scored; how much the lenient one would add is told beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..draw import Glyphs
from ..maze import Cell, Maze
from .forms import MOVE_OF_WORD, Answer, parse_beginning, parse_whole
from .marked import read_marks
from .thoughts import remove_thoughts

__all__ = ["Answer", "Reading", "read", "write"]

_TAG = re.compile(r"(?<![^\W_])(?:answer|resposta)[ \t*_`]{0,4}:", re.IGNORECASE)
_OTHER_TAG = re.compile(
    r"(?<![^\W_])(?:answer|resposta(?: final)?)[ \t*_`]{0,4}:|(?<![^\W_])(?:the answer is|a resposta é)\b:?"
    r"|<answer>|\\boxed\{"
    r"|^[ \t>#*_-]{0,8}(?P<weak>solution|path|moves|directions|solução|caminho|movimentos)[ \t*_`]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_TAGS = 20  # of the other tags, the last so many are looked at
_MOST_AFTER = 80  # characters behind the answer of a weak tag, which may stand in the midst of reasoning too
_NO_WAY = re.compile(r"unreachable|inalcançável", re.IGNORECASE)
_NO_WAY_AT_ALL = re.compile(
    r"(?:(?:it|g) is )?(?:unreachable|inalcançável|not reachable|unsolvable|impossible|impossível|infeasible|no path|"
    r"no path exists|there is no path|no solution|sem caminho|sem solução|não há caminho)(?: to g| até g)?[.!]?",
    re.IGNORECASE,
)
_MARKUP = "`*_ \t\r"
_BRACE = re.compile(r"[{}]")
# what may follow an answer in a reply that was cut off: what closes it, and nothing that could go on
_CLOSED = re.compile(r"[\s.)*`$\\\]]*(?:\}|</\w{1,12}>|```)(?:[\s.)*`$\\\]}]|</\w{1,12}>)*")
_NUMBERED = re.compile(r"[ \t]*(?:\d{1,6}[.)]|[-*•])[ \t]+")
_AFTER = re.compile(r"\s*(?:\.(?!\.)|[!(<}\\*`\n]|$)")  # what may follow a lenient answer
# blanks that are none to `str.strip(" ")`, line ends that are none to `partition("\\n")`, and marks that nobody sees
_SPACES: dict[int, str | None] = {**dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")}
_SPACES |= {**dict.fromkeys((0x85, 0x2028, 0x2029), "\n"), **dict.fromkeys((0x200B, 0x2060, 0xFEFF), None)}
_MOVE_WORDS = "|".join(sorted(MOVE_OF_WORD, key=len, reverse=True))
# a full stop between two moves: `R. U. L.`, `Right. Up.`; behind the second no sentence may go on
_DOTTED = re.compile(
    rf"(?<![^\W_])(?:([UDLRNSEWudlr])\.(?=\s*[UDLRNSEWudlr]\s*(?:[.,;!)}}\]`*\n]|$))"
    rf"|({_MOVE_WORDS})\.(?=\s*(?:{_MOVE_WORDS})\s*(?:[.,;!)}}\]`*\n]|$)))",
    re.IGNORECASE,
)
# what may stand between moves that go on: `R (east), D (south)`, `**R** **D**`, `R! D!`, `R<br>D`
_BETWEEN = r"\\n|[^\S\n]|[*_`.!,;:/\\>→\u2013-]|<br ?/?>|(?:and )?then\b|depois\b"
_GOING_ON = tuple(
    re.compile(f"(?:{_BETWEEN}{aside})+", re.IGNORECASE) for aside in ("", r"|\([^()\n]{0,80}\)")
)  # without asides first: they may be cells
_STOPS = re.compile(r"[^\S\n]*(?:[.,;!()<*`\\\n]|$)")
_TEX = (
    (re.compile(r"\\(?:text(?:tt|bf|it|rm|sf)?|math(?:tt|bf|rm|sf|it)|operatorname|mbox)(?=\s*\{)"), ""),
    (re.compile(r"\\(?:(?:long)?right(?:arrow)|to)(?![a-z])", re.IGNORECASE), "→"),
    (re.compile(r"\\(?:long)?leftarrow(?![a-z])", re.IGNORECASE), "←"),
    (re.compile(r"\\uparrow(?![a-z])", re.IGNORECASE), "↑"),
    (re.compile(r"\\downarrow(?![a-z])", re.IGNORECASE), "↓"),
    (re.compile(r"\\(?:[,;:!\s()\[\]\\]|q?quad(?![a-z])|(?:left|right)(?=[()\[\]]))|[$~&]"), " "),
)


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
    text, in_thought = remove_thoughts(reply if reply.isascii() else reply.translate(_SPACES))
    if in_thought and truncated:
        return _both(Answer(None, "truncated"))
    strict = _strict(text, maze, drawing, glyphs, truncated)
    if strict.is_readable or not text.strip():
        return _both(strict)
    lenient = _lenient(text, maze, drawing, glyphs, truncated)
    return Reading(strict, lenient or strict)


def write(answer: Answer) -> str:
    """A reply that says this, in the form that the prompts ask for."""
    return "answer: " + (" ".join(answer.moves) if answer.moves is not None else answer.why)


def _both(answer: Answer) -> Reading:
    return Reading(answer, answer)


def _strict(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, truncated: bool) -> Answer:
    tags = list(_TAG.finditer(text))
    behind = text[tags[-1].end() :] if tags else text
    bodies = [_line(behind), _fenced(behind)] if tags else [(text, None)]
    for body, after in (found for found in bodies if found):
        whole_reply = after is not None and not after.strip(_MARKUP + "\n")
        if (whole_reply or not truncated) and (answer := _plain(body, maze.start)):
            return answer
    if (tags or _is_bare(text)) and (answer := read_marks(behind, maze, drawing, glyphs, at_end=truncated)):
        return answer
    if truncated:
        return Answer(None, "truncated")
    return Answer(None, "malformed" if tags else "no answer")


def _is_bare(text: str) -> bool:
    """Whether no line of a text is prose: three letters in a row make a word, unless they are marks around S and G."""
    return all(len({*word} - {"S", "G"}) < 2 for word in re.findall(r"[^\W\d_]{3,}", text))


def _lenient(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, truncated: bool) -> Answer | None:
    """What a reader with good will would take for the answer."""
    start = maze.start
    for tag in list(_OTHER_TAG.finditer(text))[-1 : -_MOST_TAGS - 1 : -1]:
        for answer, after in _behind(text, tag, start):
            is_cut = truncated and not _CLOSED.fullmatch(after)
            if answer and not is_cut and not (tag["weak"] and len(after.strip()) > _MOST_AFTER):
                return answer
    if (block := _fenced(text, last=True)) and not (truncated and block[1].strip()):
        answer = _plain(block[0], start) or read_marks(block[0], maze, drawing, glyphs)
        if answer and answer.is_readable:
            return answer
    lines = text.rstrip().rsplit("\n", 1)
    answer = _plain(lines[-1], start) or _no_way(lines[-1])
    return answer if answer and answer.is_readable and not truncated else None


def _behind(text: str, tag: re.Match[str], start: Cell) -> Iterator[tuple[Answer | None, str]]:
    """The answers that may stand behind a tag, each with what follows it: in a box, on the line, in a block."""
    behind = text[tag.end() :]
    if tag[0].startswith("\\") and (box := _boxed(behind)):
        yield _beginning(_untexed(box[0]).lstrip(_MARKUP + "\n{"), start)[0], "}" + box[1]
        return
    behind = behind.lstrip(_MARKUP + "\n:")
    yield _beginning(_untexed(behind), start)
    if block := _fenced(behind):
        yield _beginning(block[0], start)[0], "```" + block[1]


def _plain(text: str, start: Cell) -> Answer | None:
    """The answer that a text is from end to end, its markup left aside."""
    text = text.strip(_MARKUP + "\n.")
    if _NO_WAY.fullmatch(text):
        return Answer(None, "unreachable")
    return parse_whole(text, start) if text else None


def _no_way(text: str) -> Answer | None:
    """The answer of a text that says, from end to end, that no way leads to G."""
    return Answer(None, "unreachable") if _NO_WAY_AT_ALL.fullmatch(text.strip(_MARKUP + "\n{}")) else None


def _beginning(text: str, start: Cell) -> tuple[Answer | None, str]:
    """The answer that a text begins with, unless its sentence goes on, and what follows; also one move a line."""
    if (stated := _NO_WAY_AT_ALL.match(text)) and _AFTER.match(text, stated.end()):
        return Answer(None, "unreachable"), text[stated.end() :]
    listed: list[str] = []
    at = 0
    while number := _NUMBERED.match(text, at):
        line_end = text.find("\n", number.end())
        line = text[number.end() : line_end if line_end >= 0 else len(text)].strip(_MARKUP + ".")
        is_first = number[0].strip(" \t-*•.)") in ("", "0", "1")  # `6. 2.` are digits of a keypad and no list
        if parse_whole(line, start) is None or not (listed or is_first):
            break
        listed.append(line)
        at = line_end + 1 or len(text)
    body = " ".join(listed) if listed else text
    answer, end = parse_beginning(body, start)
    if answer and body[end : end + 1] == ".":
        body = text = _DOTTED.sub(_undotted, body)
        answer, end = parse_beginning(body, start)
    if answer is None or not answer.is_readable or not _AFTER.match(body, end):
        return None, ""
    after = text[at if listed else end :]
    return (None, "") if _goes_on(after, start) else (answer, after)


def _goes_on(after: str, start: Cell) -> bool:
    """Whether moves go on in the line behind some, so that those before are not all of the answer."""
    for between in _GOING_ON:
        if separator := between.match(after):
            line = after[separator.end() :].partition("\n")[0]
            answer, end = parse_beginning(line, start)
            if answer is not None and _STOPS.match(line, end):
                return True
    return False


def _undotted(match: re.Match[str]) -> str:
    return f"{match[1] or match[2]} "


def _untexed(text: str) -> str:
    """A text without the commands of LaTeX that models write around and between moves; its arrows as characters."""
    if "\\" in text or "$" in text:
        for command, plain in _TEX:
            text = command.sub(plain, text)
    return text


def _boxed(text: str) -> tuple[str, str] | None:
    """What stands in a box whose opening brace is read already, and what follows it; None where it is not closed."""
    depth = 1
    for brace in _BRACE.finditer(text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[: brace.start()], text[brace.end() :]
    return None


def _line(text: str) -> tuple[str, str | None]:
    """The first line that is not blank, and what follows the newline that ends it, None where none does."""
    line, newline, after = text.lstrip(_MARKUP + "\n").partition("\n")
    return line, after if newline else None


def _fenced(text: str, last: bool = False) -> tuple[str, str] | None:
    """The content of the fenced block that a text begins with, or of the last one in it, and what follows it."""
    if last:
        end = text.rfind("```")
        begin = text.rfind("```", 0, end) if end > 0 else -1
    else:
        begin = text.find("```") if text.lstrip().startswith("```") else -1
        end = text.find("```", begin + 3) if begin >= 0 else -1
    if begin < 0 or end < begin:
        return None
    return text[begin + 3 : end].partition("\n")[2], text[end + 3 :]
