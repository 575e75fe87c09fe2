"""Chat templates: whether one knows the system's role, and what is put before it where it does not.

Some templates raise an error for a system's message, want user and assistant to take turns from the start, or leave
the system's text out. FOLD, put before such a template, moves that text into the user's first turn and makes one of
turns of the same role that follow each other. It stands in the template itself, so that engines, recipes and what
they save all write a conversation the same way.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any, NoReturn

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
_TOKENS = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), "")
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
    from jinja2 import TemplateError
    from jinja2.exceptions import SecurityError

    try:
        compiled = _environment().from_string(template)
        written = compiled.render(_TOKENS, messages=_PROBE, tools=None, documents=None, add_generation_prompt=True)
    except (TemplateError, SecurityError, TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError):
        return False
    return _SYSTEM in written and _USER in written


def _environment() -> Any:
    """As transformers renders templates; without transformers, which takes two seconds to import."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """The block in which a template says what the assistant writes."""

        tags = {"generation"}  # noqa: RUF012  as the library has it

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    def to_json(value: Any, **how: Any) -> str:
        return json.dumps(value, **({"ensure_ascii": False} | how))

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment
