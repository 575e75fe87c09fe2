"""reward: a model that says how good a reply is, learned with TRL's RewardTrainer from preference pairs.

It is sft with a head that gives one number (Bradley and Terry 1952: the better reply is to get the higher one). It is
the judge of `rlhf`, and answers no mazes itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .dpo import SHARES, Preferring


@dataclass(frozen=True)
class Reward(Preferring):
    """Everything that decides the judge, beside its parent."""

    parent: str = "sft"
    examples: int = 4_800
    batch: int = 16
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    sizes: tuple[int, ...] = (4, 5, 5)
    kinds: dict[str, float] = field(default_factory=lambda: dict(SHARES))
    rate: float = 3e-4
    warmup: int = 20
    seed: int = 1

    method = "reward"

    def build(self, parent: Path | None, target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset
        from transformers import AutoModelForSequenceClassification
        from trl import RewardConfig, RewardTrainer

        from . import trainer

        _, tokenizer = trainer.load(parent)
        model = AutoModelForSequenceClassification.from_pretrained(parent, num_labels=1, use_safetensors=True)
        config = RewardConfig(**trainer.settings(self, work), max_length=None)
        data = Dataset.from_list(list(self.data()))
        judge = RewardTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        figures = trainer.run(judge, "reward", work, target)
        log = [entry["accuracy"] for entry in judge.state.log_history if "accuracy" in entry]
        return figures | {"accuracy_last": round(sum(log[-5:]) / len(log[-5:]), 4)}
