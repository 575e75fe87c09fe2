"""Makes the prompt for a maze.

`plain` is a text to continue, for our own checkpoints and other base models. `chat` is a list of messages for instruct
models: the system message explains axes, moves, the size of a cell in the text and the form of the answer, with one
example. Both exist in English and Brazilian Portuguese and can have solved examples before the question (`shots`);
`chat` can ask for reasoning. A new language is one new file and one line in `options.LANGUAGES`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ..draw import DRAWINGS, Glyphs, draw, read
from ..maze import Maze
from .options import LANGUAGES, PROMPT_STYLES, Language, PromptOptions

__all__ = [
    "EXAMPLE",
    "LANGUAGES",
    "PROMPT_STYLES",
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
    from . import examples  # imports Numba, which takes half a second: collecting does without it

    words = LANGUAGES[options.language]
    shots = examples.make_shots(options.shots, maze.rows, maze.cols)
    legend = DRAWINGS[options.drawing].legends[options.language]
    symbols = words.GLYPHS.format(**vars(glyphs)) if glyphs else legend.symbols
    drawn = [draw(shown, options.drawing, glyphs) for shown in (*shots, maze)]
    if options.prompt_style == "plain":
        questions = [words.QUESTION.format(legend=symbols, drawing=drawing) for drawing in drawn]
        answered = [
            f"{question}{examples.write_reply(shot, options)}\n\n"
            for question, shot in zip(questions, shots, strict=False)
        ]
        return "".join([*answered, *questions[-1:]])
    instruction = words.REASON if options.reasoning else words.AT_ONCE
    system = options.system_prompt
    if system is None:
        system = words.SYSTEM.format(
            legend=symbols,
            steps=legend.steps,
            drawing=draw(EXAMPLE, options.drawing, glyphs),
            reply=examples.write_reply(EXAMPLE, options),
        )
    messages = [{"role": "system", "content": system}] if system else []
    for drawing, shot in zip(drawn, (*shots, None), strict=True):
        messages.append({"role": "user", "content": words.USER.format(drawing=drawing, how=instruction)})
        if shot is not None:
            messages.append({"role": "assistant", "content": examples.write_reply(shot, options)})
    return messages


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
    return Ending(stop=(LANGUAGES[options.language].QUESTION.partition("{")[0].strip(),))


def digest_prompt(options: PromptOptions) -> str:
    """Return the sha256 of the prompt for an example maze: runs with different prompts are not comparable."""
    return hashlib.sha256(json.dumps(prompt(EXAMPLE, options)).encode()).hexdigest()
