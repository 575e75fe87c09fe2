r"""Parses a reply into moves, or into the reason why there are none.

**The strict reading** takes the answer after the last `answer:` (or `resposta:`) of a reply: on the same line or, where
the rest of that line is blank, on the next line, in a fenced block, or as a copy of the drawing in which the path is
marked. The whole text of the answer has one of the `forms`, or is `unreachable`. A reply that consists of an answer
only needs no tag. The reasoning of a model (`<think>...</think>` and the other marks of `thoughts`) is removed first.

**The lenient reading** also accepts other tags (`<answer>`, `\boxed{}`, `Path:`, ...) and takes the last tag that is
followed by an answer. Words may follow the answer in a new sentence, the answer may have several lines, moves may be
explained (`U (up)`) and stand between S and G, and a last line or last block that consists of an answer only needs no
tag.

Neither reading takes directions from prose, code or reasoning, and neither takes a part of an answer: where moves
continue in a form that is not understood, none of them is taken.

In a reply that was cut off, an answer counts only where its end is certain: a tag and its line with the newline after
it, a closed block or box, or a whole copy of the drawing.

Both readings are recorded. The strict reading is scored; the lenient score is reported next to it.
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

__all__ = ["Answer", "Reading", "find_end_of_answer", "read", "write"]

_TAG = re.compile(r"(?<![^\W_])(?:answer|resposta)[ \t*_`]{0,4}:", re.IGNORECASE)
_OTHER_TAG = re.compile(
    r"(?<![^\W_])(?:answer|resposta(?: final)?)[ \t*_`]{0,4}:|(?<![^\W_])(?:the answer is|a resposta é)\b:?"
    r"|<answer>|\\boxed\{"
    r"|^[ \t>#*_-]{0,8}(?P<weak>solution|path|moves|directions|solução|caminho|movimentos)[ \t*_`]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_TAGS = 20  # of the lenient tags, only the last ones are read, so that the time stays linear in the reply
_MOST_AFTER = 80  # characters after the answer of a weak tag: more of them mean that the tag is part of the reasoning
_NO_WAY = re.compile(r"unreachable|inalcançável", re.IGNORECASE)
_NO_WAY_AT_ALL = re.compile(
    r"(?:(?:it|g) is )?(?:unreachable|inalcançável|not reachable|unsolvable|impossible|impossível|infeasible|no path|"
    r"no path exists|there is no path|no solution|sem caminho|sem solução|não há caminho)(?: to g| até g)?[.!]?",
    re.IGNORECASE,
)
_MARKUP = "`*_ \t\r"
_BRACE = re.compile(r"[{}]")
# what may follow an answer in a reply that was cut off: something that closes it, and nothing that could continue it
_CLOSED = re.compile(r"[\s.)*`$\\\]]*(?:\}|</\w{1,12}>|```)(?:[\s.)*`$\\\]}]|</\w{1,12}>)*")
_NUMBERED = re.compile(r"[ \t]*(?:\d{1,6}[.)]|[-*•])[ \t]+")
_AFTER = re.compile(r"\s*(?:\.(?!\.)|[!(<}\\*`\n]|$)")  # what may follow a lenient answer
# Unicode spaces and line ends become ASCII ones, and invisible characters are removed, so that the patterns match them
_SPACES: dict[int, str | None] = {**dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")}
_SPACES |= {**dict.fromkeys((0x85, 0x2028, 0x2029), "\n"), **dict.fromkeys((0x200B, 0x2060, 0xFEFF), None)}
_MOVE_WORDS = "|".join(sorted(MOVE_OF_WORD, key=len, reverse=True))
# a full stop between two moves, as in `R. U. L.` or `Right. Up.`, unless a sentence continues after the second move
_DOTTED = re.compile(
    rf"(?<![^\W_])(?:([UDLRNSEWudlr])\.(?=\s*[UDLRNSEWudlr]\s*(?:[.,;!)}}\]`*\n]|$))"
    rf"|({_MOVE_WORDS})\.(?=\s*(?:{_MOVE_WORDS})\s*(?:[.,;!)}}\]`*\n]|$)))",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(rf"(?<![^\W_])([UDLR])[ \t]{{0,4}}\(({_MOVE_WORDS})\)", re.IGNORECASE)
_FROM_START = re.compile(r"\AS[ \t,:>→\u2013-]*(?=[UDLR](?![^\W_]))")
_TO_GOAL = re.compile(r"(?<=[UDLR])[ \t,>→\u2013-]*(?<![^\W_])G(?=[.*`]*[ \t]*$)")
# separators between moves that continue an answer: `R (east), D (south)`, `**R** **D**`, `R! D!`, `R<br>D`
_BETWEEN = r"\\n|[^\S\n]|[*_`.!,;:/\\>→\u2013-]|<br ?/?>|(?:and )?then\b|depois\b"
_GOING_ON = tuple(
    re.compile(f"(?:{_BETWEEN}{aside})+", re.IGNORECASE) for aside in ("", r"|\([^()\n]{0,80}\)")
)  # first without text in parentheses, which may be a cell
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
    """Return both readings of a reply. Never raises, and takes time linear in the length of the reply.

    Args:
        reply: Any text.
        maze: Cells, and marks in a copy of the drawing, become moves in this maze.
        drawing: The name of the drawing in the prompt, which the reply may copy; empty if there is none.
        glyphs: The random characters of that drawing, if it has them.
        truncated: Whether the engine cut the reply off. An answer at the very end of such a reply may be incomplete
            and is not taken.
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


def find_end_of_answer(reply: str) -> int | None:
    """Return where the first line with an answer after a tag ends, which is no part of the reasoning; None without one.

    Only lines that end with a newline count. The cells of an answer are not checked against any maze.
    """
    text, in_thought = remove_thoughts(reply)
    if in_thought:
        return None
    for tag in _TAG.finditer(text):
        line, after = _line(text[tag.end() :])
        if after is not None and _plain(line, (0, 0)) and reply.endswith(after):
            return len(reply) - len(after) - 1
    return None


def write(answer: Answer) -> str:
    """Return a reply with this answer, in the form that the prompts ask for."""
    return "answer: " + (" ".join(answer.moves) if answer.moves is not None else answer.why)


def _both(answer: Answer) -> Reading:
    return Reading(answer, answer)


def _strict(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, truncated: bool) -> Answer:
    tags = list(_TAG.finditer(text))
    after_tag = text[tags[-1].end() :] if tags else text
    bodies = [_line(after_tag), _fenced(after_tag)] if tags else [(text, None)]
    for body, after in filter(None, bodies):
        whole_reply = after is not None and not after.strip(_MARKUP + "\n")
        if (whole_reply or not truncated) and (answer := _plain(body, maze.start)):
            return answer
    if (tags or _is_bare(text)) and (answer := read_marks(after_tag, maze, drawing, glyphs, at_end=truncated)):
        return answer
    if truncated:
        return Answer(None, "truncated")
    return Answer(None, "malformed" if tags else "no answer")


def _is_bare(text: str) -> bool:
    """Whether a text has no prose: three letters in a row are a word, unless they are path marks around S and G."""
    return all(len({*word} - {"S", "G"}) < 2 for word in re.findall(r"[^\W\d_]{3,}", text))


def _lenient(text: str, maze: Maze, drawing: str, glyphs: Glyphs | None, truncated: bool) -> Answer | None:
    """The lenient reading: the answer after the last usable tag, else in the last block, else in the last line."""
    start, text = maze.start, _EXPLAINED.sub(_unexplained, text)
    for tag in list(_OTHER_TAG.finditer(text))[-1 : -_MOST_TAGS - 1 : -1]:
        for answer, after in _candidates(text, tag, start):
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


def _candidates(text: str, tag: re.Match[str], start: Cell) -> Iterator[tuple[Answer | None, str]]:
    """Yield the possible answers after a tag, each with the text that follows it: in a box, on the line, in a block."""
    after_tag = text[tag.end() :]
    if tag[0].startswith("\\") and (box := _boxed(after_tag)):
        yield _beginning(_untexed(box[0]).lstrip(_MARKUP + "\n{"), start)[0], "}" + box[1]
        return
    after_tag = after_tag.lstrip(_MARKUP + "\n:")
    yield _beginning(_untexed(after_tag), start)
    if block := _fenced(after_tag):
        yield _beginning(block[0], start)[0], "```" + block[1]


def _plain(text: str, start: Cell) -> Answer | None:
    """The answer of a text that, apart from markup, consists of an answer only; else None."""
    text = text.strip(_MARKUP + "\n.")
    if _NO_WAY.fullmatch(text):
        return Answer(None, "unreachable")
    return parse_whole(text, start) if text else None


def _no_way(text: str) -> Answer | None:
    """The answer `unreachable` of a text that consists of the statement that no path leads to G; else None."""
    return Answer(None, "unreachable") if _NO_WAY_AT_ALL.fullmatch(text.strip(_MARKUP + "\n{}")) else None


def _beginning(text: str, start: Cell) -> tuple[Answer | None, str]:
    """The answer that a text begins with, and the text after it; (None, "") where its sentence continues.

    A numbered or bulleted list with one move on each line is an answer too.
    """
    if (stated := _NO_WAY_AT_ALL.match(text)) and _AFTER.match(text, stated.end()):
        return Answer(None, "unreachable"), text[stated.end() :]
    listed: list[str] = []
    at = 0
    line, newline, rest = text.partition("\n")
    text = _TO_GOAL.sub("", _FROM_START.sub("", line)) + newline + rest
    while number := _NUMBERED.match(text, at):
        line_end = text.find("\n", number.end())
        line = text[number.end() : line_end if line_end >= 0 else len(text)].strip(_MARKUP + ".")
        is_first = number[0].strip(" \t-*•.)") in ("", "0", "1")  # `6. 2.` are keypad digits, not a list
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
    """Whether more moves follow on the same line, so that the moves before them are only a part of the answer."""
    for between in _GOING_ON:
        if separator := between.match(after):
            line = after[separator.end() :].partition("\n")[0]
            answer, end = parse_beginning(line, start)
            if answer is not None and _STOPS.match(line, end):
                return True
    return False


def _unexplained(match: re.Match[str]) -> str:
    """The move alone, if its explanation is the same move."""
    return match[1] if MOVE_OF_WORD[match[2].lower()] == match[1].upper() else match[0]


def _undotted(match: re.Match[str]) -> str:
    return f"{match[1] or match[2]} "


def _untexed(text: str) -> str:
    """Remove the LaTeX commands that models write around and between moves, and turn LaTeX arrows into characters."""
    if "\\" in text or "$" in text:
        for command, plain in _TEX:
            text = command.sub(plain, text)
    return text


def _boxed(text: str) -> tuple[str, str] | None:
    """Split a text after the opening brace of a box into its content and the rest; None if it is not closed."""
    depth = 1
    for brace in _BRACE.finditer(text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[: brace.start()], text[brace.end() :]
    return None


def _line(text: str) -> tuple[str, str | None]:
    """The first line that is not blank, and the text after its newline (None without a newline)."""
    line, newline, after = text.lstrip(_MARKUP + "\n").partition("\n")
    return line, after if newline else None


def _fenced(text: str, last: bool = False) -> tuple[str, str] | None:
    """The content of the fenced block that a text begins with (`last`: of its last block), and the text after it."""
    if last:
        end = text.rfind("```")
        begin = text.rfind("```", 0, end) if end > 0 else -1
    else:
        begin = text.find("```") if text.lstrip().startswith("```") else -1
        end = text.find("```", begin + 3) if begin >= 0 else -1
    if begin < 0 or end < begin:
        return None
    return text[begin + 3 : end].partition("\n")[2], text[end + 3 :]
