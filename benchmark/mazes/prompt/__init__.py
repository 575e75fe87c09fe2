"""Makes the prompt for a maze.

`plain` is a text to continue, for our own checkpoints and other base models. `chat` is a list of messages for instruct
models: the system message explains axes, moves, the size of a cell in the text and the form of the answer, with one
example. Both exist in English and Brazilian Portuguese and can have solved examples before the question (`shots`);
`chat` can ask for reasoning. A new language is one new file and one line in `options.LANGUAGES`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from ..draw import DRAWINGS, Glyphs, draw, read
from ..maze import Maze
from .options import LANGUAGES, PROMPT_STYLES, Language, PromptOptions
from .wordings import DEFAULT_WORDINGS, TRAINED, WORDINGS

__all__ = [
    "DEFAULT_WORDINGS",
    "EXAMPLE",
    "LANGUAGES",
    "PROMPT_STYLES",
    "TRAINED",
    "WORDINGS",
    "Ending",
    "Language",
    "Message",
    "PromptOptions",
    "digest_prompt",
    "ending",
    "prompt",
]

Message = dict[str, str]  # "role" (system, user or assistant) and "content", as chat templates expect

# 3x3 cells, smaller than all mazes of the suite
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


def prompt(maze: Maze, options: PromptOptions, glyphs: Glyphs | None = None) -> str | list[Message]:
    """Return the prompt for a maze: a text to continue (`plain`), or messages (`chat`)."""
    return Writer(options, glyphs).prompt(maze)


class Writer:
    """Writes prompts with the same options."""

    def __init__(self, options: PromptOptions, glyphs: Glyphs | None = None) -> None:
        self.options = options
        self.glyphs = glyphs
        self.wording = options.words
        self.words = LANGUAGES[options.language]
        legend = DRAWINGS[options.drawing].legends[options.language]
        self.legend = self.words.GLYPHS.format(**vars(glyphs)) if glyphs else legend.symbols
        self.steps = legend.steps

    def prompt(self, maze: Maze) -> str | list[Message]:
        from . import examples  # imports Numba, which takes half a second: collecting does without it

        shots = examples.make_shots(self.options.shots, maze.rows, maze.cols)
        if not shots and self.wording.example == "turn":
            shots = (EXAMPLE,)
        solved = [(shot, examples.write_reply(shot, self.options)) for shot in shots]
        if self.options.prompt_style == "plain":
            answered = [f"{self._question(shot)}{reply}\n\n" for shot, reply in solved]
            return "".join([*answered, self._question(maze), ending(self.options).prefix])
        return self._chat(maze, solved, examples.write_reply(EXAMPLE, self.options))

    def _chat(self, maze: Maze, solved: Sequence[tuple[Maze, str]], reply: str) -> list[Message]:
        """The messages of a chat; `reply` is that of the example."""
        system = self.options.system_prompt
        if system is None:
            system = self._system(reply)
        messages = [{"role": "system", "content": system}] if system else []
        if not self.wording.has_turns:
            examples = [f"{self._turn(shown)}\n\n{answered}" for shown, answered in solved]
            return [*messages, {"role": "user", "content": "\n\n".join([*examples, self._turn(maze)])}]
        for shown, answered in (*solved, (maze, "")):
            messages.append({"role": "user", "content": self._turn(shown)})
            if answered:
                messages.append({"role": "assistant", "content": answered})
        if not (self.wording.is_short or self.wording.has_system):
            first = next(message for message in messages if message["role"] == "user")
            first["content"] = f"{self._rules()}\n\n{first['content']}"
        return messages

    def _system(self, reply: str) -> str:
        if not self.wording.has_system:
            return ""
        parts = [self._rules(), self.words.FORM]
        if self.wording.example == "system":
            parts.append(self.words.EXAMPLE.format(drawing=self._draw(EXAMPLE), reply=reply))
        return "\n\n".join(parts)

    def _rules(self) -> str:
        return self.words.RULES.format(legend=self.legend, steps=self.steps)

    def _turn(self, maze: Maze) -> str:
        """The user's question about a maze."""
        words, drawing = self.words, self._draw(maze)
        if self.wording.is_short:
            line = words.LINE_LAST if self.options.reasoning else words.LINE_ONLY
            return f"{self._short(drawing)}{line}\n{words.CELLS_FORM if self.wording.in_cells else words.MOVES_FORM}"
        how = words.REASON if self.options.reasoning else words.AT_ONCE
        if not self.wording.has_system:
            how = f"{how}\n\n{words.FORM}"
        return words.USER.format(drawing=drawing, how=how)

    def _question(self, maze: Maze) -> str:
        """The question of a plain prompt."""
        if self.wording.is_short:
            return self._short(self._draw(maze))
        return self.words.QUESTION.format(legend=self.legend, drawing=self._draw(maze))

    def _short(self, drawing: str) -> str:
        answer = self.words.CELLS if self.wording.in_cells else self.words.MOVES
        legend = f"{self.legend} {self.steps}" if self.wording.has_steps else self.legend
        return self.words.SHORT_QUESTION.format(legend=legend, drawing=drawing, answer=answer)

    def _draw(self, maze: Maze) -> str:
        return draw(maze, self.options.drawing, self.glyphs)


@dataclass(frozen=True)
class Ending:
    """How replies to a prompt begin and end."""

    prefix: str = ""
    """The beginning of the reply, where the prompt ends with it."""
    stop: tuple[str, ...] = ()
    """Texts that end a reply: the beginning of the next question, which base models write after their answer."""


def ending(options: PromptOptions) -> Ending:
    """Return how replies to the prompts with these options begin and end."""
    if options.prompt_style != "plain":
        return Ending()
    words = LANGUAGES[options.language]
    question = words.SHORT_QUESTION if options.words.is_short else words.QUESTION
    return Ending(words.TAG if options.words.ends_with_tag else "", (question.partition("{")[0].strip(),))


def digest_prompt(options: PromptOptions) -> str:
    """Return the sha256 of the prompt for an example maze: runs with different prompts are not comparable."""
    return hashlib.sha256(json.dumps(prompt(EXAMPLE, options)).encode()).hexdigest()
