"""A drawing becomes a question.

`plain` is a text to be continued, for models of ours and other base models. `chat` is a list of messages for instruct
models: the system's says what the axes and moves are, that a step is one cell, and how to answer, and works one
example. Both come in English and Brazilian Portuguese and, if asked, with examples before the question (`shots`);
`chat` also with or without reasoning. A new language is one new file and one line here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Protocol

from ..draw import DRAWINGS, Glyphs, check_glyphs, draw, read
from ..errors import MazeError
from ..maze import Maze, follow
from . import en, pt

Message = dict[str, str]  # with "role" (system, user or assistant) and "content", as chat templates take it


class Language(Protocol):
    """The words of a language: a module with these names. What is in braces is put in when a maze is asked about."""

    NAME: str
    QUESTION: str
    TAG: str
    UNREACHABLE: str
    GLYPHS: str
    SYSTEM: str
    USER: str
    AT_ONCE: str
    REASON: str
    THOUGHT: str
    STEP: str


LANGUAGES: dict[str, Language] = {"en": en, "pt": pt}
STYLES = ("plain", "chat")

# a maze of 3x3, smaller than any of the suite
EXAMPLE = read(
    """
#######
# #S  #
# ### #
#     #
# #####
#    G#
#######
""",
    "block",
)


@dataclass(frozen=True)
class Asking:
    """How a maze is asked about. Raises MazeError for what there is not, or what does not go together."""

    drawing: str = "compact"
    """One of `benchmark.mazes.draw.DRAWINGS`."""
    style: str = "plain"
    """One of `STYLES`."""
    language: str = "en"
    """One of `LANGUAGES`."""
    shots: int = 0
    """Examples before the question: mazes of the same shape that no suite has."""
    reasoning: bool = False
    """Whether the model is asked to think before it answers."""
    glyphs: bool = False
    """Whether each case is drawn with random characters of its own."""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("prompt", self.style, STYLES),
            ("language", self.language, LANGUAGES),
            ("drawing", self.drawing, DRAWINGS),
        ):
            if value not in known:
                raise MazeError(f"unknown {name} {value!r}: choose one of {', '.join(known)}")
        if self.language not in (legends := DRAWINGS[self.drawing].legends):
            raise MazeError(f"the drawing {self.drawing} has no legend in {self.language}; it has {', '.join(legends)}")
        if self.glyphs:
            check_glyphs(self.drawing)
        if self.shots < 0:
            raise MazeError(f"a prompt has 0 examples or more, not {self.shots}")
        if self.reasoning and self.style != "chat":
            raise MazeError(
                "reasoning is asked for in the chat prompt only: a model that continues text is not told what to do"
            )

    def digest(self) -> str:
        """The sha256 of all that is asked about one maze: runs with different wordings are not comparable."""
        return hashlib.sha256(json.dumps(prompt(EXAMPLE, self)).encode()).hexdigest()


def prompt(maze: Maze, asking: Asking, glyphs: Glyphs | None = None) -> str | list[Message]:
    """The question about a maze: a text to continue (`plain`), or messages (`chat`)."""
    words = LANGUAGES[asking.language]
    shots = _shots(asking.shots, maze.rows, maze.cols)
    legend = DRAWINGS[asking.drawing].legends[asking.language]
    symbols = words.GLYPHS.format(**vars(glyphs)) if glyphs else legend.symbols
    drawn = [draw(shown, asking.drawing, glyphs) for shown in (*shots, maze)]
    if asking.style == "plain":
        questions = [words.QUESTION.format(legend=symbols, drawing=drawing) for drawing in drawn]
        answered = [f"{question}{reply(shot, asking)}\n\n" for question, shot in zip(questions, shots, strict=False)]
        return "".join([*answered, *questions[-1:]])
    how = words.REASON if asking.reasoning else words.AT_ONCE
    system = words.SYSTEM.format(
        legend=symbols,
        steps=legend.steps,
        drawing=draw(EXAMPLE, asking.drawing, glyphs),
        reply=reply(EXAMPLE, asking),
    )
    messages = [{"role": "system", "content": system}]
    for drawing, shot in zip(drawn, (*shots, None), strict=True):
        messages.append({"role": "user", "content": words.USER.format(drawing=drawing, how=how)})
        if shot is not None:
            messages.append({"role": "assistant", "content": reply(shot, asking)})
    return messages


def reply(maze: Maze, asking: Asking) -> str:
    """A right reply to the question: what the examples show."""
    from ..solve import shortest_path  # Numba takes half a second to import, and collection does without

    words, moves = LANGUAGES[asking.language], shortest_path(maze)
    answer = f"{words.TAG} {' '.join(moves)}"
    if not asking.reasoning:
        return answer
    passed = [f"({row},{col})" for row, col in follow(maze.start, moves)]
    steps = " ".join(
        words.STEP.format(here=here, move=move, there=there)
        for here, move, there in zip(passed, moves, passed[1:], strict=False)
    )
    return f"{words.THOUGHT.format(start=passed[0], goal=passed[-1], steps=steps)}\n{answer}"


@cache
def _shots(count: int, rows: int, cols: int) -> tuple[Maze, ...]:
    from .. import training

    return tuple(islice(training.stream("shots", rows, cols, at_least=max(rows, cols)), count))
