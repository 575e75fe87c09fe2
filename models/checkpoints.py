"""What answers: an agent, a folder, a model of the hub, a served one, or the product of a recipe.

Light to make and to name: whoever only collects cases loads no model. `weights()` downloads or builds what is missing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError

from . import chat, curve, hub, load, processes, store
from .card import readme
from .load import Weights
from .nano.taught import taught_inside
from .recipes import RECIPES, Recipe

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class Checkpoint:
    """What all of them have: the name that tables show."""

    name: str

    is_agent = False
    engine = ""
    """The one engine that can ask it; empty where the session chooses."""

    @property
    def style(self) -> str:
        """The style of prompt that it is asked in unless the user says another."""
        return "plain"

    @property
    def is_missing(self) -> bool:
        """Whether it has yet to be built."""
        return False

    def weights(self) -> Weights:
        """Where its model lies, downloaded or built if it is missing. Raises CheckpointError where there is none."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Download or build what is missing."""
        self.weights()

    def whole(self) -> Checkpoint:
        """The checkpoint whose whole model it is, itself unless it is an adapter."""
        return self

    @property
    def rank(self) -> int:
        """The rank of its adapter as far as that is known before it is built; 0 for a whole model."""
        return 0

    def content(self) -> str:
        """The sha256 of what decides its replies, whatever it is called and wherever it lies."""
        return load.content(self.weights())

    def digest(self) -> str:
        """The sha256 that is part of the address of what is built from it."""
        return self.content()

    def address(self) -> dict[str, str]:
        """How the settings of an adapter name it as what they are for."""
        return {"base_model_name_or_path": self.name}

    def provenance(self) -> dict[str, Any]:
        """What a saved run says of it."""
        weights = self.weights()
        template = weights.chat_template
        return {
            "name": self.name,
            "kind": type(self).__name__.lower(),
            "content": load.content(weights),
            "weights": load.digest(weights.folder),
            "base": weights.base and load.digest(weights.base),
            "chat_template": template and hashlib.sha256(template.encode()).hexdigest(),
            **({"system_text": "in the user's first turn"} if chat.is_folded(template) else {}),
            "recipe": store.card(weights.folder),
            "curve": curve.read(weights.folder),
            "chain": [store.card(one.weights().folder) for one in self.ancestors()],
        }

    def ancestors(self) -> Iterator[Checkpoint]:
        """What it was built from, the nearest first."""
        yield from ()


@dataclass(frozen=True)
class Agent(Checkpoint):
    """One of `benchmark.mazes.agents`, which knows the maze and needs no weights."""

    agent: str
    """What it is called there, whatever a person calls it."""

    is_agent = True
    engine = "agents"

    def prepare(self) -> None:
        """Nothing is missing."""

    def content(self) -> str:
        return self.agent

    def weights(self) -> Weights:
        raise CheckpointError(f"{self.name} is an agent and has no weights")

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "agent"}


@dataclass(frozen=True)
class Folder(Checkpoint):
    """A model on disk, or (`base`) an adapter and the checkpoint that it is for."""

    path: Path
    base: Checkpoint | None = None
    remote_code: bool = False

    @property
    def style(self) -> str:
        """As it was taught if it is a recipe's product; another one is asked as a chat if its tokenizer knows how."""
        if taught := _taught(self.path):
            return taught
        if self.base is None or Weights(self.path).has_chat:
            return "chat" if Weights(self.path).has_chat else "plain"
        return self.base.style

    def weights(self) -> Weights:
        return _weights(self.path, self.base, self.remote_code)

    def whole(self) -> Checkpoint:
        return self.base.whole() if self.base else self

    @property
    def rank(self) -> int:
        return load.rank(self.weights()) if self.base else 0

    def address(self) -> dict[str, str]:
        return {"base_model_name_or_path": str(self.path)} if self.base is None else self.base.address()


def _taught(folder: Path) -> str:
    """The style of prompt that a product of our recipes was taught, empty for anyone else's model."""
    recipe = (store.card(folder) or {}).get("recipe")
    if not isinstance(recipe, dict):
        return ""
    return "chat" if recipe.get("style") == "chat" else "plain"


def _weights(folder: Path, base: Checkpoint | None, remote_code: bool) -> Weights:
    """Where a model lies, or an adapter and its base. Raises CheckpointError where the base is an adapter itself."""
    if base is None:
        return Weights(folder, None, remote_code)
    below = base.weights()
    if below.base:
        raise CheckpointError(
            f"the adapter in {folder} is for {base.name}, which is an adapter itself: merge that one into its model"
        )
    return Weights(folder, below.folder, remote_code)


@dataclass(frozen=True)
class Hub(Checkpoint):
    """A model, or an adapter, of the Hugging Face hub."""

    repo: str
    revision: str | None
    remote_code: bool = False

    def weights(self) -> Weights:
        folder = hub.download(self.repo, self.revision, self.remote_code)
        return _weights(folder, self._base(folder), self.remote_code)

    def _base(self, folder: Path) -> Checkpoint | None:
        """What it is for, if it is an adapter."""
        if not load.is_adapter(folder):
            return None
        from .registry import of_adapter

        return of_adapter(folder, self.remote_code)

    @property
    def style(self) -> str:
        """As a folder's: its settings and its tokenizer's are downloaded for that, which are small."""
        return "chat" if self.has_chat else "plain"

    @property
    def has_chat(self) -> bool | None:
        """Whether it is to be asked as a chat; None where it is not here and the hub does not give its settings."""
        folder = hub.peek(self.repo, self.revision)
        if folder is None:
            return None
        if taught := _taught(folder):
            return taught == "chat"
        try:
            base = self._base(folder)
            if base is None or Weights(folder).has_chat:
                return Weights(folder).has_chat
            return base.has_chat if isinstance(base, Hub) else base.style == "chat"
        except CheckpointError:
            return None  # whoever loads it says what is wrong

    @property
    def is_missing(self) -> bool:
        return not hub.is_here(self.repo, self.revision)

    def address(self) -> dict[str, str]:
        named = {"base_model_name_or_path": self.repo}
        return named | {"revision": self.revision} if self.revision else named

    def provenance(self) -> dict[str, Any]:
        return super().provenance() | {"repo": self.repo, "commit": self.weights().folder.name}


@dataclass(frozen=True)
class Served(Checkpoint):
    """A model behind an OpenAI-compatible endpoint: what its weights are is known there alone."""

    endpoint: str
    model: str

    engine = "server"

    @property
    def style(self) -> str:
        return "chat"

    def prepare(self) -> None:
        """Nothing is missing."""

    def content(self) -> str:
        """Where it is and what it is called: whoever serves other weights there has to ask with `--cache refresh`."""
        return f"{self.model} at {self.endpoint}"

    def weights(self) -> Weights:
        raise CheckpointError(f"{self.name} is served by {self.endpoint} and has no weights here")

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "served", "endpoint": self.endpoint, "model": self.model}


@dataclass(frozen=True)
class Built(Checkpoint):
    """The product of a recipe, from that of its parent; `shipped` allows the one that comes with the project."""

    recipe: Recipe
    parent: Checkpoint | None = None
    judge: Checkpoint | None = None
    shipped: bool = True

    @property
    def style(self) -> str:
        style = getattr(self.recipe, "style", "search")
        return "chat" if style == "chat" else "plain"

    @property
    def is_missing(self) -> bool:
        return self.place() is None

    def whole(self) -> Checkpoint:
        return self.parent.whole() if self.parent and self.rank else self

    @property
    def rank(self) -> int:
        return getattr(self.recipe, "lora", 0)

    @cached_property
    def _digest(self) -> str:
        whole = {
            **self.recipe.describe(),
            "parent": self.parent and self.parent.digest(),
            **({"judge": self.judge.digest()} if self.judge else {}),
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
        if self.shipped and (store.card(shipped) or {}).get("digest") == self.digest():
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
            needed = {role: one.weights() for role, one in (("parent", self.parent), ("judge", self.judge)) if one}

            def build(target: Path, work: Path) -> None:
                self.build(needed, target, work)

            folder = store.obtain(self.recipe.method, self.digest(), build, fault)
        above = self.parent and self.parent.weights()
        return Weights(
            folder, above.whole if above and load.is_adapter(folder) else None, bool(above and above.remote_code)
        )

    def address(self) -> dict[str, str]:
        if self.parent and load.is_adapter(self.weights().folder):
            return self.parent.address()
        known = self.recipe == RECIPES[self.recipe.method] and self.shipped
        return {"base_model_name_or_path": self.recipe.method if known else str(self.weights().folder)}

    def ancestors(self) -> Iterator[Checkpoint]:
        if self.parent:
            yield self.parent
            yield from self.parent.ancestors()

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> None:
        """Build it into the folder `target`, with the card that the store keeps; `needed` is where its parents lie."""
        started = time.monotonic()
        figures = self.recipe.build(needed, target, work)
        if not processes.is_first():
            return
        if load.is_adapter(target):
            load.readdress(target, self.parent.address())
        records = [{"recipe": self.recipe.describe()}, *(store.card(one.weights().folder) for one in self.ancestors())]
        card = {
            "name": self.name,
            "digest": self.digest(),
            "recipe": self.recipe.describe(),
            "parent": self.parent and {"name": self.parent.name, "digest": self.parent.digest()},
            "judge": self.judge and {"name": self.judge.name, "digest": self.judge.digest()},
            "weights": load.digest(target),
            "taught_inside": taught_inside(records),
            **figures,
            "processes": processes.count(),
            "seconds": round(time.monotonic() - started, 1),
        }
        (target / store.CARD).write_text(json.dumps(card, indent=2) + "\n")
        (target / "README.md").write_text(readme(target, card, self.parent), encoding="utf-8")


def fault(folder: Path) -> str:
    """What of a built checkpoint is not as its card says, with the file's name; empty where all is."""
    recorded = (store.card(folder) or {}).get("weights")
    if not isinstance(recorded, str):
        return f"the record {folder / store.CARD} is missing or spoilt"
    if (found := load.digest(folder)) != recorded:
        files = ", ".join(str(file) for file in sorted(folder.glob("*.safetensors"))) or f"{folder}/*.safetensors"
        known = f"sha256 {found[:16]} where {recorded[:16]} is recorded"
        return f"the weights in {files} are not those that were built: {known}"
    return ""
