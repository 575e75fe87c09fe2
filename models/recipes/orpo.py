"""orpo: the base, taught to answer and to prefer right answers in one go, with TRL's experimental ORPOTrainer.

Odds ratio preference optimization (Hong, Lee and Thorne 2024): the ordinary loss on the right reply, and beside it
the log odds of the right reply over the wrong one. No second model is needed, so it starts from the base itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import Preferring

if TYPE_CHECKING:
    from models.load import Weights


@dataclass(frozen=True)
class Orpo(Preferring):
    """Everything that decides the fine-tune, beside its parent."""

    examples: int = 2_880
    sizes: tuple[int, ...] = (4, 5, 8)
    beta: float = 0.1

    method = "orpo"
    foreign_rate = 5e-5

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"  # that it is experimental is said above
        from datasets import Dataset
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        from models.training import trainer

        model, tokenizer = trainer.start(self, needed["parent"])
        config = ORPOConfig(
            **trainer.settings(self, work), train_sampling_strategy="sequential", beta=self.beta, max_length=1024
        )
        data = Dataset.from_list(self.batches(list(self.data())))
        orpo = ORPOTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        return trainer.run(self, orpo, work, target)
