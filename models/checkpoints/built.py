"""The product of a recipe."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmark.mazes.errors import CheckpointError
from models import processes, store
from models.data.formats import PROMPT_STYLES
from models.nano.taught import taught_inside
from models.recipes import RECIPES, Recipe
from models.weights import Weights, is_adapter, readdress, weights_digest

from .base import Checkpoint

SHIPPED = Path(__file__).parents[1] / "shipped"


@dataclass(frozen=True)
class Built(Checkpoint):
    """The product of a recipe, built from a parent. `shipped`: whether the shipped folder may be used instead."""

    recipe: Recipe
    parent: Checkpoint | None = None
    reward_model: Checkpoint | None = None
    shipped: bool = True

    @property
    def prompt_style(self) -> str:
        return PROMPT_STYLES[self.answer_format]

    @property
    def answer_format(self) -> str:
        return self.recipe.answer_format

    @property
    def is_taught(self) -> bool:
        return True

    @property
    def is_missing(self) -> bool:
        return self.place() is None

    def base_model(self) -> Checkpoint:
        return self.parent.base_model() if self.parent and self.lora_rank else self

    @property
    def lora_rank(self) -> int:
        return self.recipe.lora_rank

    @cached_property
    def _digest(self) -> str:
        description = {
            **self.recipe.describe(),
            "parent": self.parent and self.parent.digest(),
            **({"judge": self.reward_model.digest()} if self.reward_model else {}),
            **({} if self.shipped else {"rebuilt": True}),
        }
        return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()

    def digest(self) -> str:
        """The sha256 of the recipe (method, settings, data) and of the digests of its parents."""
        return self._digest

    def place(self) -> Path | None:
        """The folder of the finished checkpoint, shipped or in the store; None if it is missing or damaged.

        Raises CheckpointError if the shipped checkpoint was changed.
        """
        shipped = SHIPPED / self.recipe.method
        if self.shipped and (store.read_record(shipped) or {}).get("digest") == self.digest():
            if reason := fault(shipped):
                raise CheckpointError(
                    f"{reason}. It is part of the project: restore it with `git checkout -- {SHIPPED}`"
                )
            return shipped
        return folder if (folder := self.stored()).is_dir() and not fault(folder) else None

    def stored(self) -> Path:
        """Its folder in the store, which need not exist."""
        return store.folder(self.recipe.method, self.digest())

    def weights(self) -> Weights:
        folder = self.place()
        if folder is None:
            roles = (("parent", self.parent), ("judge", self.reward_model))
            needed = {role: checkpoint.weights() for role, checkpoint in roles if checkpoint}

            def build(target: Path, work: Path) -> None:
                self.build(needed, target, work)

            folder = store.obtain(self.recipe.method, self.digest(), build, fault)
        parent = self.parent and self.parent.weights()
        base = parent.whole if parent and is_adapter(folder) else None
        return Weights(folder, base, bool(parent and parent.remote_code))

    def adapter_settings(self) -> dict[str, str]:
        if self.parent and is_adapter(self.weights().folder):
            return self.parent.adapter_settings()
        # a name works on all machines, but only for an unchanged recipe
        has_name = self.recipe == RECIPES[self.recipe.method] and self.shipped
        return {"base_model_name_or_path": self.recipe.method if has_name else str(self.weights().folder)}

    def ancestors(self) -> Iterator[Checkpoint]:
        if self.parent:
            yield self.parent
            yield from self.parent.ancestors()

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> None:
        """Build it into a folder, with its record and its model card.

        Args:
            needed: the parents by role, see `Recipe.build`.
            target: the folder of the checkpoint.
            work: the folder of the state from which an interrupted build resumes.
        """
        from .lineage import model_card  # it imports huggingface_hub

        started = time.monotonic()
        figures = self.recipe.build(needed, target, work)
        if not processes.is_first():
            return
        if self.parent and is_adapter(target):
            readdress(target, self.parent.adapter_settings())
        records = [
            {"recipe": self.recipe.describe()},
            *(store.read_record(ancestor.weights().folder) for ancestor in self.ancestors()),
        ]
        record = {
            "name": self.name,
            "digest": self.digest(),
            "recipe": self.recipe.describe(),
            "parent": self.parent and {"name": self.parent.name, "digest": self.parent.digest()},
            "judge": self.reward_model and {"name": self.reward_model.name, "digest": self.reward_model.digest()},
            "weights": weights_digest(target),
            "taught_inside": taught_inside(records),
            **figures,
            "processes": processes.count(),
            "seconds": round(time.monotonic() - started, 1),
        }
        (target / store.RECORD).write_text(json.dumps(record, indent=2) + "\n")
        (target / "README.md").write_text(model_card(target, record, self.parent), encoding="utf-8")


def fault(folder: Path) -> str:
    """How a built checkpoint differs from its record, with the name of the file; empty if it does not."""
    recorded = (store.read_record(folder) or {}).get("weights")
    if not isinstance(recorded, str):
        return f"the record {folder / store.RECORD} is missing or damaged"
    if (digest := weights_digest(folder)) != recorded:
        files = ", ".join(str(file) for file in sorted(folder.glob("*.safetensors"))) or f"{folder}/*.safetensors"
        return (
            f"the weights in {files} were changed after the build: their sha256 is {digest[:16]}..., recorded is "
            f"{recorded[:16]}..."
        )
    return ""
