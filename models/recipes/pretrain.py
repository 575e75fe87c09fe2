"""base: a small language model, pretrained on drawings of mazes and true statements about them.

It is trained once and shipped with the project. `python -m models pretrain FOLDER` trains it again (about 30 minutes on
two cores; an interrupted training resumes). `models.nano` has the model, the documents and the training loop.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from models.nano.settings import PretrainSettings

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class Pretrain(PretrainSettings):
    """The recipe of the base: its settings; it has no parent."""

    method: ClassVar[str] = "base"
    summary: ClassVar[str] = "pretraining on drawings and statements about them"
    parent: ClassVar[None] = None
    reward_model: ClassVar[None] = None
    answers_mazes: ClassVar[bool] = True
    answer_format: ClassVar[str] = "search"
    lora_rank: ClassVar[int] = 0

    RECORD_NAMES: ClassVar[dict[str, str]] = {
        "num_hidden_layers": "layers",
        "hidden_size": "width",
        "num_attention_heads": "heads",
        "taught_from_step": "added",
        "max_steps": "steps",
        "altered_share": "altered",
        "altered_wall_share": "altered_walls",
        "cells_per_batch": "cells",
        "muon_learning_rate": "matrix_rate",
        "learning_rate": "rate",
        "learning_rate_schedule": "rates",
    }
    """The names of settings in records and digests, which never change."""

    def describe(self) -> dict[str, Any]:
        from models.nano import curriculum, tokenizer

        settings = {self.RECORD_NAMES.get(name, name): value for name, value in asdict(self).items()}
        return {
            "method": "pretrain",
            **settings,
            "data": curriculum.data_digest(self),
            "tokenizer": tokenizer.digest(),
        }

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from models.nano import pretraining

        return pretraining.train(self, target, work)
