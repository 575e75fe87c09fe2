"""How a case meets the way in which a session asks."""

from __future__ import annotations

from dataclasses import replace

from .cases import Case
from .draw import DRAWINGS, Glyphs
from .prompt import PromptOptions


def question(case: Case, options: PromptOptions) -> tuple[PromptOptions, Glyphs | None]:
    """How this case is asked in a session that asks so: a case of a transfer set may have a drawing of its own."""
    drawing = case.drawing or options.drawing
    glyphs = case.own_glyphs() if options.glyphs and DRAWINGS[drawing].glyph_step else case.glyphs
    return replace(options, drawing=drawing, glyphs=bool(glyphs)), glyphs
