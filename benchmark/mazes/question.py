"""Combines the prompt options of a session with those that a case sets itself."""

from __future__ import annotations

from dataclasses import replace

from .cases import Case
from .draw import DRAWINGS, Glyphs
from .prompt import PromptOptions


def question(case: Case, options: PromptOptions) -> tuple[PromptOptions, Glyphs | None]:
    """Return the prompt options and glyphs of a case; cases of transfer sets may set their drawing or glyphs."""
    drawing = case.drawing or options.drawing
    glyphs = case.own_glyphs() if options.glyphs and DRAWINGS[drawing].glyph_step else case.glyphs
    return replace(options, drawing=drawing, glyphs=bool(glyphs)), glyphs
