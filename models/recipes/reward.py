"""reward: a model that says how good a reply is, learned with TRL's RewardTrainer from preference pairs.

It is sft with a head that gives one number (Bradley and Terry 1952: the better reply is to get the higher one). It is
the judge of `rlhf`, and answers no mazes itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import Preferring

if TYPE_CHECKING:
    from models.load import Weights


@dataclass(frozen=True)
class Reward(Preferring):
    """Everything that decides the judge, beside its parent."""

    parent: str = "sft"
    examples: int = 2_400
    rate: float = 3e-4
    warmup: int = 20

    method = "reward"
    foreign_rate = 1e-4
    answers = False

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset
        from trl import RewardConfig, RewardTrainer

        from models.training import trainer

        model, tokenizer = trainer.start(self, needed["parent"], judge=True)
        config = RewardConfig(**trainer.settings(self, work), train_sampling_strategy="sequential", max_length=None)
        data = Dataset.from_list(self.batches(list(self.data())))
        judge = RewardTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        figures = trainer.run(self, judge, work, target)
        log = [entry["accuracy"] for entry in judge.state.log_history if "accuracy" in entry]
        return figures | {"accuracy_last": round(sum(log[-5:]) / len(log[-5:]), 4)}
