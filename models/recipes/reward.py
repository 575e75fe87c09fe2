"""reward: a reward model, trained on preference pairs with TRL's RewardTrainer.

It is sft with a head that outputs one number: the chosen reply should get the higher one (Bradley and Terry 1952). It
scores the replies of `rlhf`, and cannot solve mazes itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import PairSettings

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class Reward(PairSettings):
    """The settings that decide the reward model."""

    parent: str = "sft"
    num_examples: int = 2_400
    learning_rate: float = 3e-4
    warmup_steps: int = 20

    method = "reward"
    summary = "a reward model, which cannot solve mazes"
    third_party_learning_rate = 1e-4
    answers_mazes = False

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from trl import RewardConfig, RewardTrainer

        from models.training import trainer

        model, tokenizer = trainer.load_trainable(self, needed["parent"], with_score=True)
        config = RewardConfig(
            **trainer.trainer_arguments(self, work), train_sampling_strategy="sequential", max_length=None
        )
        data = trainer.dataset(self.batches(list(self.data())))
        reward = RewardTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        figures = trainer.run(self, reward, work, target)
        log = [entry["accuracy"] for entry in reward.state.log_history if "accuracy" in entry]
        return figures | {"accuracy_last": round(sum(log[-5:]) / len(log[-5:]), 4)}
