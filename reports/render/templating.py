"""Jinja2 as the pages use it: whatever comes from outside is escaped, and holds no control characters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.mazes.printable import printable


def _shown(value: object) -> object:
    """A value without characters that control a terminal."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    finalize=_shown,
)


def render_template(name: str, values: Mapping[str, object]) -> str:
    """The text of a template of `templates/`."""
    return _ENVIRONMENT.get_template(name).render(values)
