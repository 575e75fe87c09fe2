"""What the additional losses of pretraining trained, in words, from the record of a checkpoint.

A probe that reads from a layer what that layer was trained to predict is no finding. `supervision` has the losses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WORDS = {
    "named": "the state of each drawn cell is its name",
    "lettered": "the state of each drawn cell tells the letter in it (S, G)",
    "sided": "the state of each drawn cell tells its sides (where it has walls)",
    "celled": "the state of a token of a search tells the cell that it is about",
    "reached": "the state of a cell that a search has reached tells from which",
    "ordered": "the state of a neighbour in a search tells what follows it",
    "looking": "attention heads look where a search or a path is continued from",
    "seeing": "attention heads look at the drawn cell that a statement is about, S and G among them",
}
"""The settings of pretraining that are the layer of a lesson, and the lesson in words."""


def taught_inside(records: Iterable[Mapping[str, Any] | None]) -> dict[str, int]:
    """The lessons (keys of WORDS) and their layers, from the records of a checkpoint and of its ancestors in order.

    Empty for a third-party model.
    """
    for record in records:
        recipe = (record or {}).get("recipe", {})
        if recipe.get("method") == "pretrain":
            return {name: recipe[name] for name in WORDS if name in recipe}
        if inherited := (record or {}).get("taught_inside"):
            return {name: layer for name, layer in inherited.items() if name in WORDS}
    return {}


def sentences(taught: Mapping[str, int], names: Iterable[str] = WORDS) -> list[str]:
    """A sentence for each of these lessons that was taught, ordered by layer; layer 0 is the embeddings."""
    chosen = sorted((taught[name], WORDS[name]) for name in names if name in taught)
    return [f"layer {layer}: {words}" for layer, words in chosen]
