"""What all checkpoints have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models import chat, curve, store
from models.weights import Weights, content_digest, weights_digest


@dataclass(frozen=True)
class Checkpoint:
    """What all of them have: the name that tables show."""

    name: str

    is_agent = False
    engine = ""
    """The one engine that can ask it; empty where the session chooses."""

    @property
    def prompt_style(self) -> str:
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

    def base_model(self) -> Checkpoint:
        """The checkpoint whose whole model it is, itself unless it is an adapter."""
        return self

    @property
    def lora_rank(self) -> int:
        """The rank of its adapter as far as that is known before it is built; 0 for a whole model."""
        return 0

    def content(self) -> str:
        """The sha256 of what decides its replies, whatever it is called and wherever it lies."""
        return content_digest(self.weights())

    def digest(self) -> str:
        """The sha256 that is part of the address of what is built from it."""
        return self.content()

    def adapter_settings(self) -> dict[str, str]:
        """How the settings of an adapter name it as what they are for."""
        return {"base_model_name_or_path": self.name}

    def provenance(self) -> dict[str, Any]:
        """What a saved run says of it."""
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
            "chain": [store.read_record(one.weights().folder) for one in self.ancestors()],
        }

    def ancestors(self) -> Iterator[Checkpoint]:
        """What it was built from, the nearest first."""
        yield from ()
