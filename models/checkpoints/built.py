"""What a recipe builds, from what it starts from."""

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
    """The product of a recipe, from that of its parent; `shipped` allows the one that comes with the project."""

    recipe: Recipe
    parent: Checkpoint | None = None
    reward_model: Checkpoint | None = None
    shipped: bool = True

    @property
    def prompt_style(self) -> str:
        return PROMPT_STYLES[self.recipe.answer_format]

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
        whole = {
            **self.recipe.describe(),
            "parent": self.parent and self.parent.digest(),
            **({"judge": self.reward_model.digest()} if self.reward_model else {}),
            **({} if self.shipped else {"rebuilt": True}),
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

    def digest(self) -> str:
        """The sha256 of the recipe: its method, its settings, its data, and the same of what it starts from."""
        return self._digest

    def place(self) -> Path | None:
        """Where there is a sound one, shipped or in the store.

        Raises CheckpointError where the one that is shipped was changed.
        """
        shipped = SHIPPED / self.recipe.method
        if self.shipped and (store.read_record(shipped) or {}).get("digest") == self.digest():
            if wrong := fault(shipped):
                raise CheckpointError(f"{wrong}. It belongs to the project: `git checkout -- {SHIPPED}` brings it back")
            return shipped
        return folder if (folder := self.stored()).is_dir() and not fault(folder) else None

    def stored(self) -> Path:
        """Its folder in the store, whether it is there or not."""
        return store.folder(self.recipe.method, self.digest())

    def weights(self) -> Weights:
        folder = self.place()
        if folder is None:
            needed = {
                role: one.weights() for role, one in (("parent", self.parent), ("judge", self.reward_model)) if one
            }

            def build(target: Path, work: Path) -> None:
                self.build(needed, target, work)

            folder = store.obtain(self.recipe.method, self.digest(), build, fault)
        above = self.parent and self.parent.weights()
        return Weights(folder, above.whole if above and is_adapter(folder) else None, bool(above and above.remote_code))

    def adapter_settings(self) -> dict[str, str]:
        if self.parent and is_adapter(self.weights().folder):
            return self.parent.adapter_settings()
        known = self.recipe == RECIPES[self.recipe.method] and self.shipped
        return {"base_model_name_or_path": self.recipe.method if known else str(self.weights().folder)}

    def ancestors(self) -> Iterator[Checkpoint]:
        if self.parent:
            yield self.parent
            yield from self.parent.ancestors()

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> None:
        """Build it into the folder `target`, with the card that the store keeps; `needed` is where its parents lie."""
        from .lineage import model_card  # it loads the hub's library

        started = time.monotonic()
        figures = self.recipe.build(needed, target, work)
        if not processes.is_first():
            return
        if self.parent and is_adapter(target):
            readdress(target, self.parent.adapter_settings())
        records = [
            {"recipe": self.recipe.describe()},
            *(store.read_record(one.weights().folder) for one in self.ancestors()),
        ]
        card = {
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
        (target / store.RECORD).write_text(json.dumps(card, indent=2) + "\n")
        (target / "README.md").write_text(model_card(target, card, self.parent), encoding="utf-8")


def fault(folder: Path) -> str:
    """What of a built checkpoint is not as its card says, with the file's name; empty where all is."""
    recorded = (store.read_record(folder) or {}).get("weights")
    if not isinstance(recorded, str):
        return f"the record {folder / store.RECORD} is missing or spoilt"
    if (found := weights_digest(folder)) != recorded:
        files = ", ".join(str(file) for file in sorted(folder.glob("*.safetensors"))) or f"{folder}/*.safetensors"
        known = f"sha256 {found[:16]} where {recorded[:16]} is recorded"
        return f"the weights in {files} are not those that were built: {known}"
    return ""
