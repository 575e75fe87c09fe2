"""Drawings that are lists of tokens, in which cells have no fixed place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..maze import Cell, Walls
from .legend import Legend


@dataclass(frozen=True)
class Tokens:
    """One drawing; see `Drawing` for its fields."""

    write: Callable[[Walls, dict[Cell, str]], list[str]]
    read: Callable[[list[str]], tuple[Walls, dict[str, Cell]]]
    legends: Mapping[str, Legend]
    glyph_step: int = 0
