"""kto: Kahneman-Tversky optimization of sft, with TRL's KTOTrainer.

Each reply is desirable or undesirable by itself, so no pairs are needed (Ethayarajh et al. 2024,
https://arxiv.org/abs/2402.01306).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import PairSettings

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class KTO(PairSettings):
    """The settings that decide the fine-tune."""

    parent: str = "sft"
    num_examples: int = 640
    beta: float = 0.1
    learning_rate: float = 5e-5

    method = "kto"
    summary = "Kahneman-Tversky optimization"
    third_party_learning_rate = 2e-5

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from trl import KTOConfig, KTOTrainer

        from models.training import trainer

        rows = [
            {"prompt": pair["prompt"], "completion": pair[kind], "label": kind == "chosen"}
            for pair in self.data()
            for kind in ("chosen", "rejected")
        ]
        model, tokenizer = trainer.load_trainable(self, needed["parent"])
        config = KTOConfig(**trainer.trainer_arguments(self, work), beta=self.beta, max_length=None)
        kto = KTOTrainer(model, args=config, train_dataset=trainer.dataset(rows), processing_class=tokenizer)
        return trainer.run(self, kto, work, target)
