"""The wordings of the question: how the same things are asked.

| wording | text | system message | solved example of 3x3 | end of the plain prompt | answer |
| --- | --- | --- | --- | --- | --- |
| `v1` | all rules | yes | in the system message (chat), none (plain) | the question | cells or moves |
| `v2` | all rules | no: all in the user's first turn | none | `answer:` | as in `v1` |
| `v3` | short | no | none | `answer:` | moves |
| `v4` | all rules | yes | as a first question and its answer | `answer:` | as in `v1` |
| `v5` | short | no | as a first question and its answer | `answer:` | moves |
| `v6` | short | no | as a first question and its answer | `answer:` | cells |
| `v7` | short | no | before the question, in the same turn of the user | `answer:` | moves |
| `v8` | short, with the size of a cell in the drawing | no | as in `v5` | `answer:` | moves |

A prompt with `shots` has no example as a first question, because its examples have the size of the maze.

Models that our recipes train learn `v1`. docs/prompts.md has the measurements behind the defaults for other models.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """How a question is worded."""

    is_short: bool = False
    """Whether it gives the moves and the form of the answer only, and no rules."""
    has_steps: bool = False
    """Whether a short text says how many characters of the drawing a cell takes, as the rules do."""
    has_system: bool = False
    """Whether the rules of a chat are in a system message; else they are in the user's first turn."""
    example: str = ""
    """Where its solved example is: in the `system` message, as a first `turn`; empty if there is none."""
    ends_with_tag: bool = True
    """Whether the plain prompt ends with the tag of the answer, which the model continues."""
    has_turns: bool = True
    """Whether the solved examples of a chat are turns of their own; else all is in one turn of the user."""
    in_cells: bool = False
    """Whether the answer is given as cells instead of moves."""


WORDINGS = {
    "v1": Wording(has_system=True, example="system", ends_with_tag=False),
    "v2": Wording(),
    "v3": Wording(is_short=True),
    "v4": Wording(has_system=True, example="turn"),
    "v5": Wording(is_short=True, example="turn"),
    "v6": Wording(is_short=True, example="turn", in_cells=True),
    "v7": Wording(is_short=True, example="turn", has_turns=False),
    "v8": Wording(is_short=True, has_steps=True, example="turn"),
}
TRAINED = "v1"
"""The wording that our recipes train, and that of all runs that were saved before there were others."""
DEFAULT_WORDINGS = {"plain": "v5", "chat": "v8"}
"""By prompt style: the wording for models that our recipes did not train."""
