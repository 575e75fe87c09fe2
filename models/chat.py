"""Adds a fallback to chat templates that do not support a conversation of the benchmark.

- Some raise an error for a system message, require that user and assistant alternate from the start, or omit the
  system's text. FOLD moves that text into the user's first turn, and joins consecutive turns of the same role.
- Some need a system message, or take the first message for it. ADD_SYSTEM adds a short one where there is none.
- Some read the content of a message as a list of parts, and omit a text. PARTS makes each text a list of one part.

The fallback is inserted before the template and so is part of it: engines, recipes and saved checkpoints all write a
conversation in the same way.
"""

from __future__ import annotations

import json
from functools import cache

FOLD = """\
{%- set labirinto = namespace(turns=[]) %}
{%- for message in messages %}
{%- set role = 'user' if message['role'] == 'system' else message['role'] %}
{%- if labirinto.turns and labirinto.turns[-1]['role'] == role %}
{%- set text = labirinto.turns[-1]['content'] + '\\n\\n' + message['content'] %}
{%- set labirinto.turns = labirinto.turns[:-1] + [{'role': role, 'content': text}] %}
{%- else %}
{%- set labirinto.turns = labirinto.turns + [{'role': role, 'content': message['content']}] %}
{%- endif %}
{%- endfor %}
{%- set messages = labirinto.turns %}
"""
ADD_SYSTEM = """\
{%- if messages[0]['role'] != 'system' %}
{%- set messages = [{'role': 'system', 'content': 'You are a helpful assistant.'}] + messages %}
{%- endif %}
"""
PARTS = """\
{%- set labirinto = namespace(turns=[]) %}
{%- for message in messages %}
{%- set parts = [{'type': 'text', 'text': message['content']}] %}
{%- set labirinto.turns = labirinto.turns + [{'role': message['role'], 'content': parts}] %}
{%- endfor %}
{%- set messages = labirinto.turns %}
"""
_FALLBACKS = ("", FOLD, ADD_SYSTEM, PARTS, FOLD + PARTS, ADD_SYSTEM + PARTS)
FOLDED = "its chat template does not support the system role: the system's text is moved into the user's first turn"
Conversation = tuple[tuple[str, str], ...]
"""Turns: the role and the text of each."""
_PROBE: Conversation = (
    ("system", "the rules of the system"),
    ("user", "the question of an example"),
    ("assistant", "the answer to the example"),
    ("user", "the question of the user"),
)
_PROBES = ((_PROBE, _PROBE[1:]), ((_PROBE[0], _PROBE[-1]),))
"""With examples, with and without a system message; where no fallback helps these, a system message and a question."""


def fold(template: str) -> str:
    """The template, after the first fallback with which it writes all texts of a conversation, if there is one."""
    for conversations in _PROBES:
        for candidate in (fallback + template for fallback in _FALLBACKS):
            if all(_writes(candidate, conversation) for conversation in conversations):
                return candidate
    return template


def is_folded(template: str | None) -> bool:
    """Whether `fold` moves the system's text of a tokenizer's template (or of several, as JSON), or has moved it."""
    return template is not None and fold(choose(template)).startswith(FOLD)


def choose(template: str) -> str:
    """The default of several templates in JSON; any other text is returned as it is."""
    try:
        templates = json.loads(template)
    except (ValueError, RecursionError):
        return template
    if isinstance(templates, list):
        templates = {entry.get("name"): entry.get("template") for entry in templates if isinstance(entry, dict)}
    default = templates.get("default") if isinstance(templates, dict) else None
    return default if isinstance(default, str) else template


@cache
def _writes(template: str, conversation: Conversation) -> bool:
    """Whether a template writes all texts of a conversation, whose turns are pairs of role and text."""
    from .chat_rendering import render  # it imports Jinja

    text = render(template, [{"role": role, "content": content} for role, content in conversation])
    return all(content in text for _, content in conversation)
