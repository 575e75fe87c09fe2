"""A name or a path becomes a checkpoint. Light: whoever only collects cases comes this far and loads no model."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.errors import CheckpointError

from . import store
from .recipes import JUDGES, RECIPES

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class Checkpoint:
    """Something that answers: an agent, the product of a recipe, or (`path`) a folder with a model."""

    name: str
    path: Path | None = None

    @property
    def is_agent(self) -> bool:
        return self.path is None and self.name in AGENTS

    @property
    def is_missing(self) -> bool:
        """Whether it has yet to be built."""
        return not self.is_agent and self.path is None and place(self.name) is None

    @property
    def source(self) -> str:
        """What `find` finds it by."""
        return str(self.path) if self.path else self.name

    def folder(self) -> Path:
        """The folder of the model, built if it is missing. Raises CheckpointError for an agent."""
        if self.is_agent:
            raise CheckpointError(f"{self.name} is an agent and has no weights")
        return self.path or obtain(self.name)

    def provenance(self) -> dict[str, Any]:
        """What a saved run says of it: name, and the record of its recipe where there is one."""
        if self.is_agent:
            return {"name": self.name, "kind": "agent"}
        card = self.folder() / store.CARD
        return {
            "name": self.name,
            "kind": "folder" if self.path else "recipe",
            "weights": weights_digest(self.folder()),
            "recipe": json.loads(card.read_text()) if card.is_file() else None,
        }


def find(name: str) -> Checkpoint:
    """The checkpoint of that name, or in that folder. Raises CheckpointError, saying what there is, for neither."""
    if name in JUDGES:
        raise CheckpointError(f"{name} values replies and gives none: ask a recipe that learned from it, such as rlhf")
    if name in RECIPES or name in AGENTS:
        return Checkpoint(name)
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file() or not any(path.glob("*.safetensors")):
            raise CheckpointError(f"no model in {path.absolute()}: looked for config.json and *.safetensors")
        return Checkpoint(path.absolute().name, path.absolute())
    recipes = ", ".join(recipe for recipe in RECIPES if recipe not in JUDGES)
    known = f"known are {recipes} (recipes) and {', '.join(AGENTS)} (agents)"
    raise CheckpointError(f"no checkpoint {name!r}: it is no folder, and {known}")


@cache
def digest(name: str) -> str:
    """The sha256 of a recipe: its method, its settings, its data, and the same of the recipe it starts from."""
    recipe = RECIPES[name]
    whole = {**recipe.describe(), "parent": digest(recipe.parent) if recipe.parent else None}
    if judge := getattr(recipe, "judge", None):
        whole["judge"] = digest(judge)
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def obtain(name: str) -> Path:
    """The folder of a recipe's product: the shipped one where its digest is right, else built in the store."""
    if found := place(name):
        return found
    parent, judge = RECIPES[name].parent, getattr(RECIPES[name], "judge", None)
    needed = [obtain(parent) if parent else None, *([obtain(judge)] if judge else [])]
    return store.obtain(name, digest(name), lambda target, work: build(name, needed, target, work), fault)


def place(name: str) -> Path | None:
    """The folder of a recipe's product where there is a sound one.

    Raises CheckpointError where the one that is shipped was changed.
    """
    card = SHIPPED / name / store.CARD
    if card.is_file() and json.loads(card.read_text())["digest"] == digest(name):
        if wrong := fault(card.parent):
            raise CheckpointError(f"{wrong}. It belongs to the project: `git checkout -- {SHIPPED}` brings it back")
        return card.parent
    folder = store.folder(name, digest(name))
    return folder if folder.is_dir() and not fault(folder) else None


def fault(folder: Path) -> str:
    """What of a built checkpoint is not as its card says, with the file's name; empty where all is."""
    try:
        recorded = json.loads((folder / store.CARD).read_text())["weights"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"the record {folder / store.CARD} is missing or spoilt"
    if (found := weights_digest(folder)) != recorded:
        files = ", ".join(str(file) for file in sorted(folder.glob("*.safetensors"))) or f"{folder}/*.safetensors"
        known = f"sha256 {found[:16]} where {recorded[:16]} is recorded"
        return f"the weights in {files} are not those that were built: {known}"
    return ""


def build(name: str, needed: Sequence[Path | None], target: Path, work: Path) -> None:
    """Build a recipe's product into the folder `target`, with the record of it that the store keeps.

    `needed` is the folder of its parent (None for a recipe without one), and that of its judge if it has one.
    """
    started, recipe = time.monotonic(), RECIPES[name]
    parent, *judge = needed
    figures = recipe.build(parent, target, work, *judge)
    card = {
        "name": name,
        "digest": digest(name),
        "recipe": recipe.describe(),
        "parent": recipe.parent and digest(recipe.parent),
        "weights": weights_digest(target),
        **figures,
        "seconds": round(time.monotonic() - started, 1),
    }
    (target / store.CARD).write_text(json.dumps(card, indent=2) + "\n")


def weights_digest(folder: Path) -> str:
    """The sha256 over the safetensors files of a model's folder."""
    total = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()
