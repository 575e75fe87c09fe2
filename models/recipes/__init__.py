"""Recipes: how a checkpoint is built from its parent. One file a method.

A recipe is a frozen dataclass of everything that decides the result. `describe()` gives it as plain data, from
which its digest is made; `build(parent, target, work)` writes the checkpoint into the folder `target` and returns
the figures that are recorded beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from .pretrain import Pretrain
from .sft import Sft


class Recipe(Protocol):
    """What the registry knows of a recipe."""

    @property
    def parent(self) -> str | None:
        """The name of the recipe whose product this one starts from."""

    def describe(self) -> dict[str, Any]:
        """Method, settings and a digest of the data, as JSON can hold them."""

    def build(self, parent: Path | None, target: Path, work: Path) -> dict[str, Any]:
        """Write the checkpoint into `target`; keep in `work` what an interrupted build goes on from."""


RECIPES: dict[str, Recipe] = {"base": Pretrain(), "sft": Sft()}
