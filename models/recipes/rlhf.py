"""rlhf: reinforcement learning of sft from a reward model, with TRL's RLOOTrainer.

REINFORCE leave one out (Ahmadian et al. 2024, https://arxiv.org/abs/2402.14740): of several replies to one maze each is
compared with the mean of the others. The score of the reward model may be wrong; a penalty on the divergence from the
parent limits its influence. The record has the mean rewards of the first and the last steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .rlvr import RLVR

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class RLHF(RLVR):
    """The settings that decide the fine-tune: those of `rlvr`, and the reward model."""

    num_examples: int = 224  # fewer than in rlvr: the reward model takes time too
    reward_model: str = "reward"
    beta: float = 0.05

    method = "rlhf"
    summary = "reinforcement learning from the reward model (RLOO)"

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from models.training import trainer

        with trainer.quiet_import():
            from trl import RLOOConfig, RLOOTrainer

        model, tokenizer = trainer.load_trainable(self, needed["parent"])
        rloo = RLOOTrainer(
            model,
            reward_funcs=trainer.load_reward_model(needed["judge"]),
            reward_processing_classes=tokenizer,
            args=RLOOConfig(**trainer.trainer_arguments(self, work) | self.generation_arguments()),
            train_dataset=trainer.dataset({"prompt": prompt} for prompt in self.prompts(self.data())),
            processing_class=tokenizer,
        )
        return trainer.run(self, rloo, work, target) | trainer.summarize_rewards(self, rloo)
