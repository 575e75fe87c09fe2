"""A drawing becomes a question.

`plain` is a text to be continued, for models of ours and other base models. `chat` is a list of messages for instruct
models: the system's says what the axes and moves are, that a step is one cell, and how to answer, and works one
example. Both come in English and Brazilian Portuguese and, if asked, with examples before the question (`shots`);
`chat` also with or without reasoning. A new language is one new file and one line in
`options.LANGUAGES`.
"""

from __future__ import annotations

import hashlib
import json

from ..draw import DRAWINGS, Glyphs, draw, read
from ..maze import Maze
from .options import LANGUAGES, PROMPT_STYLES, Language, PromptOptions

__all__ = [
    "EXAMPLE",
    "LANGUAGES",
    "PROMPT_STYLES",
    "Language",
    "Message",
    "PromptOptions",
    "digest_prompt",
    "prompt",
]

Message = dict[str, str]  # with "role" (system, user or assistant) and "content", as chat templates take it

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


def prompt(maze: Maze, options: PromptOptions, glyphs: Glyphs | None = None) -> str | list[Message]:
    """The question about a maze: a text to continue (`plain`), or messages (`chat`)."""
    from . import examples  # Numba takes half a second to import, and collection does without

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
    how = words.REASON if options.reasoning else words.AT_ONCE
    system = words.SYSTEM.format(
        legend=symbols,
        steps=legend.steps,
        drawing=draw(EXAMPLE, options.drawing, glyphs),
        reply=examples.write_reply(EXAMPLE, options),
    )
    messages = [{"role": "system", "content": system}]
    for drawing, shot in zip(drawn, (*shots, None), strict=True):
        messages.append({"role": "user", "content": words.USER.format(drawing=drawing, how=how)})
        if shot is not None:
            messages.append({"role": "assistant", "content": examples.write_reply(shot, options)})
    return messages


def digest_prompt(options: PromptOptions) -> str:
    """The sha256 of all that is asked about one maze: runs with different wordings are not comparable."""
    return hashlib.sha256(json.dumps(prompt(EXAMPLE, options)).encode()).hexdigest()
