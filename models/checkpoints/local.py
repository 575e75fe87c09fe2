"""Checkpoints on this machine: agents, and models in folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError
from models import store
from models.data.formats import PROMPT_STYLES
from models.weights import Weights

from .base import Checkpoint


@dataclass(frozen=True)
class Agent(Checkpoint):
    """A baseline agent of `benchmark.mazes.agents`: it reads the maze itself and has no weights."""

    agent: str
    """Its name there; `name` may be one that the user has defined."""

    is_agent = True
    engine = "agents"

    def prepare(self) -> None:
        """An agent needs no files."""

    def content(self) -> str:
        return self.agent

    def weights(self) -> Weights:
        raise CheckpointError(f"{self.name} is an agent and has no weights")

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "agent"}


@dataclass(frozen=True)
class Folder(Checkpoint):
    """A model on disk, or an adapter and the checkpoint of its base."""

    path: Path
    base: Checkpoint | None = None
    remote_code: bool = False

    @property
    def prompt_style(self) -> str:
        """That of its training for the product of a recipe; else `chat` if the tokenizer has a chat template."""
        if taught := taught_prompt_style(self.path):
            return taught
        if self.base is None or Weights(self.path).has_chat:
            return "chat" if Weights(self.path).has_chat else "plain"
        return self.base.prompt_style

    @property
    def answer_format(self) -> str:
        """As in its training for the product of a recipe, which a copy of the nano family is too."""
        return taught_answer_format(self.path) or self.prompt_style

    @property
    def is_taught(self) -> bool:
        return bool(taught_prompt_style(self.path)) or (self.base is not None and self.base.is_taught)

    def weights(self) -> Weights:
        return weights_in(self.path, self.base, self.remote_code)

    def base_model(self) -> Checkpoint:
        return self.base.base_model() if self.base else self

    @property
    def lora_rank(self) -> int:
        return self.weights().lora_rank if self.base else 0

    def adapter_settings(self) -> dict[str, str]:
        return {"base_model_name_or_path": str(self.path)} if self.base is None else self.base.adapter_settings()


def taught_prompt_style(folder: Path) -> str:
    """The prompt style that a product of our recipes was trained with; empty for a third-party model."""
    taught = taught_answer_format(folder)
    return PROMPT_STYLES[taught] if taught else ""


def taught_answer_format(folder: Path) -> str:
    """The answer format that a product of our recipes was trained with; empty for a third-party model."""
    recipe = (store.read_record(folder) or {}).get("recipe")
    if not isinstance(recipe, dict):
        return ""
    taught = recipe.get("style")  # a base has none
    return taught if taught in PROMPT_STYLES else "search"


def weights_in(folder: Path, base: Checkpoint | None, remote_code: bool) -> Weights:
    """The folders of a model, or of an adapter and its base. Raises CheckpointError if the base is an adapter."""
    if base is None:
        return Weights(folder, None, remote_code)
    base_weights = base.weights()
    if base_weights.base:
        raise CheckpointError(
            f"the base model {base.name} of the adapter in {folder} is an adapter itself: merge that adapter into its "
            "model"
        )
    return Weights(folder, base_weights.folder, remote_code)
