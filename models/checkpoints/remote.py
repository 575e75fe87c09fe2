"""Checkpoints elsewhere: models on the Hugging Face hub, and served models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError
from models import hub
from models.weights import Weights, is_adapter

from .base import Checkpoint
from .local import taught_answer_format, taught_prompt_style, weights_in


@dataclass(frozen=True)
class Hub(Checkpoint):
    """A model or an adapter on the Hugging Face hub."""

    repo: str
    revision: str | None
    base_of_adapter: Callable[[Path, bool], Checkpoint] = field(repr=False, compare=False)
    """Finds the base of the adapter in a folder. The registry passes it in, because this file cannot import it."""
    remote_code: bool = False

    def weights(self) -> Weights:
        folder = hub.download(self.repo, self.revision, self.remote_code)
        return weights_in(folder, self._base(folder), self.remote_code)

    def _base(self, folder: Path) -> Checkpoint | None:
        """Its base if it is an adapter, else None."""
        return self.base_of_adapter(folder, self.remote_code) if is_adapter(folder) else None

    @property
    def prompt_style(self) -> str:
        """As of a folder; the small files that decide it are downloaded."""
        return "chat" if self.has_chat else "plain"

    @property
    def answer_format(self) -> str:
        """As of a folder."""
        folder = hub.peek(self.repo, self.revision)
        return (folder and taught_answer_format(folder)) or self.prompt_style

    @property
    def has_chat(self) -> bool | None:
        """Whether its prompt style is `chat`; None if its settings are neither in the cache nor on the hub."""
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
            return None  # loading it reports the error

    @property
    def is_taught(self) -> bool:
        folder = hub.peek(self.repo, self.revision)
        return folder is not None and bool(taught_prompt_style(folder))

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
    """A model at an OpenAI-compatible endpoint; its weights are unknown here."""

    endpoint: str
    model: str

    engine = "server"

    @property
    def prompt_style(self) -> str:
        return "chat"

    def prepare(self) -> None:
        """A served model needs no files."""

    def content(self) -> str:
        """Name and address. After other weights are served there, use `--cache refresh`."""
        return f"{self.model} at {self.endpoint}"

    def weights(self) -> Weights:
        raise CheckpointError(f"{self.name} is served by {self.endpoint} and has no weights here")

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "served", "endpoint": self.endpoint, "model": self.model}
