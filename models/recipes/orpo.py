"""orpo: odds ratio preference optimization of the base, with TRL's experimental ORPOTrainer.

The ordinary loss on the chosen reply, and beside it the log odds of the chosen reply over the rejected one (Hong, Lee
and Thorne 2024, https://arxiv.org/abs/2403.07691). It needs no second model, so it starts from the base itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import PairSettings

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class ORPO(PairSettings):
    """The settings of ORPO."""

    num_examples: int = 2_880
    sizes: tuple[int, ...] = (4, 5, 8)
    beta: float = 0.1

    method = "orpo"
    summary = "odds ratio preference optimization"
    third_party_learning_rate = 5e-5

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"  # the docstring above says that it is experimental
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        from models.training import trainer

        model, tokenizer = trainer.load_trainable(self, needed["parent"])
        config = ORPOConfig(
            **trainer.trainer_arguments(self, work),
            train_sampling_strategy="sequential",
            beta=self.beta,
            max_length=1024,
        )
        data = trainer.dataset(self.batches(list(self.data())))
        orpo = ORPOTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        return trainer.run(self, orpo, work, target)
