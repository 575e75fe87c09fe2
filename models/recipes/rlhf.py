"""rlhf: sft, trained with TRL's RLOOTrainer against a judge that was learned from preferences.

REINFORCE leave one out (Ahmadian et al. 2024): of several replies to one maze each is held against the mean of the
others. What is paid for is what the judge (`reward`) likes, which need not be what is right; the divergence from the
parent is held down, and the mean reward of the first and last steps stands in the card.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .rlvr import Rlvr

if TYPE_CHECKING:
    from models.load import Weights


@dataclass(frozen=True)
class Rlhf(Rlvr):
    """Everything that decides the fine-tune, beside its parent and its judge: the settings of `rlvr`, and others."""

    examples: int = 224  # mazes that are asked about; the judge takes its time too
    judge: str = "reward"
    beta: float = 0.05

    method = "rlhf"

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset

        from models.data import texts
        from models.training import trainer

        with trainer.loading():
            from trl import RLOOConfig, RLOOTrainer

        model, tokenizer = trainer.start(self, needed["parent"])
        config = RLOOConfig(**trainer.settings(self, work) | self.generation())
        rloo = RLOOTrainer(
            model,
            reward_funcs=trainer.judge(needed["judge"]),
            reward_processing_classes=tokenizer,
            args=config,
            train_dataset=Dataset.from_list([{"prompt": texts.ask(maze, self.style)} for maze in self.data()]),
            processing_class=tokenizer,
        )
        return trainer.run(self, rloo, work, target) | trainer.rewards(self, rloo)
