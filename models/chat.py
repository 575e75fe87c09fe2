"""Adds a fallback to chat templates that do not support the system role.

Some templates raise an error for a system message, require that user and assistant alternate from the start, or omit
the system's text. FOLD, inserted before such a template, moves that text into the user's first turn, and joins
consecutive turns of the same role. It is part of the template itself, so that engines, recipes and saved checkpoints
all write a conversation in the same way.
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
FOLDED = "its chat template does not support the system role: the system's text is moved into the user's first turn"
_SYSTEM, _USER = "the rules of the system", "the question of the user"
_PROBE = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]


def fold(template: str) -> str:
    """The template, with FOLD before it if it omits the system's text without FOLD and writes it with FOLD."""
    folded = FOLD + template
    return folded if not _writes(template) and _writes(folded) else template


def is_folded(template: str | None) -> bool:
    """Whether a tokenizer's template (or several, as JSON) is one that `fold` changes, or has changed."""
    if template is None:
        return False
    chosen = choose(template)
    return chosen.startswith(FOLD) or fold(chosen) != chosen


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
def _writes(template: str) -> bool:
    """Whether a template writes both the system's and the user's text of a conversation."""
    from .chat_rendering import render  # it imports Jinja

    text = render(template, _PROBE)
    return _SYSTEM in text and _USER in text
