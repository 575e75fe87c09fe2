"""The base class of all checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmark.mazes.prompt import DEFAULT_WORDINGS, TRAINED
from models import chat, curve, store
from models.model_options import ModelOptions
from models.weights import Weights, content_digest, weights_digest


@dataclass(frozen=True)
class Checkpoint:
    """Something that solves mazes, with the name that tables show."""

    name: str
    options: ModelOptions = field(default=ModelOptions(), kw_only=True)
    """Those that the user has set, for this checkpoint or for all."""

    is_agent = False
    engine = ""
    """The only engine that supports it; empty if the session chooses one."""

    @property
    def prompt_style(self) -> str:
        """The default prompt style: `plain` or `chat`."""
        return "plain"

    @property
    def answer_format(self) -> str:
        """How its replies answer, see `models.data.formats`; for a third-party model the moves alone are expected."""
        return self.prompt_style

    @property
    def is_taught(self) -> bool:
        """Whether one of our recipes trained it, on the wording `benchmark.mazes.prompt.TRAINED` of the question."""
        return False

    def default_wording(self, prompt_style: str) -> str:
        """The wording of its question unless the user chooses one, see `benchmark.mazes.prompt.WORDINGS`."""
        return TRAINED if self.is_taught or self.is_agent else DEFAULT_WORDINGS[prompt_style]

    @property
    def is_missing(self) -> bool:
        """Whether it has to be built or downloaded first."""
        return False

    def weights(self) -> Weights:
        """The folders of its model, downloaded or built if missing. Raises CheckpointError if that fails."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Download or build what is missing."""
        self.weights()

    def base_model(self) -> Checkpoint:
        """The checkpoint of its whole model: that of the base for an adapter, else itself."""
        return self

    @property
    def lora_rank(self) -> int:
        """The rank of its adapter, as far as it is known without building; 0 for a whole model."""
        return 0

    def content(self) -> str:
        """An identifier of what decides its replies, independent of name and folder: a sha256 for a model on disk."""
        return content_digest(self.weights())

    def digest(self) -> str:
        """The sha256 that is part of the digest of what is built from it."""
        return self.content()

    def adapter_settings(self) -> dict[str, str]:
        """The entries in the settings of an adapter that name this checkpoint as its base."""
        return {"base_model_name_or_path": self.name}

    def provenance(self) -> dict[str, Any]:
        """The description of the checkpoint in a saved run."""
        weights = self.weights()
        template = weights.chat_template
        return {
            "name": self.name,
            "kind": type(self).__name__.lower(),
            "content": content_digest(weights),
            "weights": weights_digest(weights.folder),
            "base": weights.base and weights_digest(weights.base),
            "chat_template": template and hashlib.sha256(template.encode()).hexdigest(),
            **({"system_text": "in the user's first turn"} if chat.is_folded(template) else {}),
            "recipe": store.read_record(weights.folder),
            "curve": curve.read(weights.folder),
            "chain": [store.read_record(ancestor.weights().folder) for ancestor in self.ancestors()],
        }

    def ancestors(self) -> Iterator[Checkpoint]:
        """The checkpoints that it was built from, the nearest first."""
        yield from ()
