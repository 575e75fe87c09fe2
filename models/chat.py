"""Chat templates: whether one knows the system's role, and what is put before it where it does not.

Some templates raise an error for a system's message, want user and assistant to take turns from the start, or leave
the system's text out. FOLD, put before such a template, moves that text into the user's first turn and makes one of
turns of the same role that follow each other. It stands in the template itself, so that engines, recipes and what
they save all write a conversation the same way.
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
FOLDED = "its chat template knows no system role, so that the system's text stands in the user's first turn"
_SYSTEM, _USER = "the rules of the system", "the question of the user"
_PROBE = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]


def fold(template: str) -> str:
    """The template, with FOLD before it where it does not know the system's role and knows it then."""
    folded = FOLD + template
    return folded if not _writes(template) and _writes(folded) else template


def is_folded(template: str | None) -> bool:
    """Whether a tokenizer's template (or several, as JSON) is one that `fold` changes, or has changed."""
    if template is None:
        return False
    chosen = choose(template)
    return chosen.startswith(FOLD) or fold(chosen) != chosen


def choose(template: str) -> str:
    """The one of several templates (as JSON) that a plain conversation goes through; another text is given back."""
    try:
        several = json.loads(template)
    except (ValueError, RecursionError):
        return template
    if isinstance(several, list):
        several = {one.get("name"): one.get("template") for one in several if isinstance(one, dict)}
    chosen = several.get("default") if isinstance(several, dict) else None
    return chosen if isinstance(chosen, str) else template


@cache
def _writes(template: str) -> bool:
    """Whether a template writes both the system's and the user's text of a conversation."""
    from .chat_rendering import render  # it loads Jinja

    text = render(template, _PROBE)
    return _SYSTEM in text and _USER in text
