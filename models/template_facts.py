"""What a chat template does with a conversation: which roles it knows, and which variables it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.mazes.answer.thoughts import find_opening

from .chat_rendering import render, undeclared_variables

STANDARD = {
    "add_generation_prompt",
    "bos_token",
    "continue_final_message",
    "documents",
    "eos_token",
    "messages",
    "pad_token",
    "raise_exception",
    "strftime_now",
    "tools",
    "unk_token",
}
"""The variables that transformers sets by itself."""
_TEXTS = {"system": "the rules", "user": "the question", "assistant": "the answer", "tool": "the result"}
Turns = Sequence[dict[str, str]]


@dataclass(frozen=True)
class TemplateFacts:
    """The result for one template."""

    roles: tuple[str, ...]
    """Of system, user, assistant and tool: those whose text it writes."""
    needs_alternation: bool
    """Whether it refuses two turns of the same role after each other."""
    adds_system: bool
    """Whether it writes a system message of its own where there is none."""
    variables: tuple[str, ...]
    """What `--chat-template-args` may set, such as enable_thinking."""
    opening: str
    """The mark of a thought that it writes at the end of the prompt; empty if it opens none."""
    end_of_turn: str
    """What it writes after the text of the assistant."""


def read_template(template: str) -> TemplateFacts:
    """The facts about a chat template, found by rendering conversations with it."""
    question = render(template, _turns("user"))
    roles = (
        *(["system"] if _writes(template, ("system", "user")) else []),
        *(["user"] if _writes(template, ("user",)) else []),
        *(["assistant"] if _writes(template, ("user", "assistant", "user")) else []),
        *(["tool"] if _writes(template, ("user", "assistant", "tool")) else []),
    )
    return TemplateFacts(
        roles=roles,
        needs_alternation=_writes(template, ("user", "assistant", "user")) and not _writes(template, ("user", "user")),
        adds_system="system" in roles and "system" in question.partition(_TEXTS["user"])[0],
        variables=tuple(sorted(undeclared_variables(template) - STANDARD)),
        opening=find_opening(question).strip(),
        end_of_turn=_end_of_turn(template),
    )


def _end_of_turn(template: str) -> str:
    """The first word after the text of the assistant, before the next turn."""
    after = render(template, _turns("user", "assistant")).partition(_TEXTS["assistant"])[2]
    return after.strip().partition("\n")[0].strip()


def _turns(*roles: str) -> Turns:
    return [{"role": role, "content": _TEXTS[role]} for role in roles]


def _writes(template: str, roles: tuple[str, ...]) -> bool:
    """Whether the texts of all these turns are in the conversation."""
    text = render(template, _turns(*roles))
    return all(text.count(_TEXTS[role]) >= roles.count(role) for role in roles)
