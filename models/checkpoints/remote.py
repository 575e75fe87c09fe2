"""What lies elsewhere: a model of the Hugging Face hub, or one that is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError
from models import hub
from models.weights import Weights, is_adapter

from .base import Checkpoint
from .local import taught_prompt_style, weights_in


@dataclass(frozen=True)
class Hub(Checkpoint):
    """A model, or an adapter, of the Hugging Face hub."""

    repo: str
    revision: str | None
    base_of_adapter: Callable[[Path, bool], Checkpoint] = field(repr=False, compare=False)
    """Gives the checkpoint that the adapter in a folder is for; the registry knows names and hands it in."""
    remote_code: bool = False

    def weights(self) -> Weights:
        folder = hub.download(self.repo, self.revision, self.remote_code)
        return weights_in(folder, self._base(folder), self.remote_code)

    def _base(self, folder: Path) -> Checkpoint | None:
        """What it is for, if it is an adapter."""
        return self.base_of_adapter(folder, self.remote_code) if is_adapter(folder) else None

    @property
    def prompt_style(self) -> str:
        """As a folder's: its settings and its tokenizer's are downloaded for that, which are small."""
        return "chat" if self.has_chat else "plain"

    @property
    def has_chat(self) -> bool | None:
        """Whether it is to be asked as a chat; None where it is not here and the hub does not give its settings."""
        folder = hub.peek(self.repo, self.revision)
        if folder is None:
            return None
        if taught := taught_prompt_style(folder):
            return taught == "chat"
        try:
            base = self._base(folder)
            if base is None or Weights(folder).has_chat:
                return Weights(folder).has_chat
            return base.has_chat if isinstance(base, Hub) else base.prompt_style == "chat"
        except CheckpointError:
            return None  # whoever loads it says what is wrong

    @property
    def is_missing(self) -> bool:
        return not hub.is_here(self.repo, self.revision)

    def adapter_settings(self) -> dict[str, str]:
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
    def prompt_style(self) -> str:
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
