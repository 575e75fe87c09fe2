"""The suite labirinto-v1.

- five **tiers** from 4x4 to 20x20, by four generators;
- **unsolvable** mazes, each with a solvable twin;
- **transfer** sets, each with one change: a generator that the recipes do not train on, a size between those of the
  tiers, a rotated or mirrored copy of a tier's maze, another drawing, other glyphs.
"""

from __future__ import annotations

from collections.abc import Iterator

from .cases import Group, Suite

GENERATORS = ("dfs", "wilson", "kruskal", "braided")
HELD_OUT = ("prim", "division", "percolation")
"""Generators that the recipes do not train on."""
_SIZES = {"tiny": 4, "small": 5, "medium": 8, "large": 12, "huge": 20}  # tier -> rows, and as many columns
_MIDDLE = {tier: _SIZES[tier] for tier in ("small", "medium", "large")}
_TREES = ("dfs", "wilson", "kruskal")
_DRAWINGS = ("block", "spaced", "boxes", "unicode", "coordinates", "walls")


def _groups() -> Iterator[tuple[str, Group]]:
    for tier, size in _SIZES.items():
        yield tier, Group(size, size, each=100, generators=GENERATORS)
    for tier, size in _MIDDLE.items():
        yield f"unsolvable-{tier}", Group(size, size, each=40, generators=_TREES, twins=True)
    for tier, size in _MIDDLE.items():
        yield f"generator-{tier}", Group(size, size, each=40, generators=HELD_OUT)
    for rows, cols in ((6, 6), (5, 8), (10, 10), (16, 16)):
        yield f"size-{rows}x{cols}", Group(rows, cols, each=30, generators=GENERATORS)
    for tier in ("small", "medium"):
        size = _SIZES[tier]
        yield f"rotation-{tier}", Group(size, size, each=30, generators=GENERATORS, source=tier, turned=True)
    for drawing in _DRAWINGS:
        yield f"drawing-{drawing}", Group(5, 5, each=30, generators=GENERATORS, source="small", drawing=drawing)
    yield "glyphs-small", Group(5, 5, each=30, generators=GENERATORS, source="small", drawing="block", glyphs=True)


SUITE = Suite(
    "labirinto-v1",
    dict(_groups()),
    tiers=tuple(_SIZES),
    recorded_digest="9a4ec0dfc9448e70a61afca1d1c6e220e4fb4b8da7725d23b4c1280eac914e79",
)
