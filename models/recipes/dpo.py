"""dpo: sft, taught with TRL's DPOTrainer to prefer right answers to wrong ones.

Direct preference optimization (Rafailov et al. 2023): the right answer's log-probability is raised above the wrong
one's, both measured from the parent's. The likelihood of the right answer is kept up by a share of the ordinary loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from .preferring import Preferring

if TYPE_CHECKING:
    from models.load import Weights


@dataclass(frozen=True)
class Dpo(Preferring):
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "sft"
    own: int = 3_200  # mazes that the parent is asked about, for pairs of its own mistakes
    beta: float = 0.1
    keep: float = 0.3  # weight of the ordinary loss on the right answer
    rate: float = 5e-5
    warmup: int = 20

    method = "dpo"
    foreign_rate = 2e-5

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

        from . import trainer
        from .mistakes import mistakes

        pairs = list(self.data())
        own = mistakes(self, needed["parent"], work / "mistakes.jsonl")
        pairs += own
        Random(self.seed).shuffle(pairs)

        model, tokenizer = trainer.start(self, needed["parent"])
        config = DPOConfig(
            **trainer.settings(self, work),
            beta=self.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, self.keep],
            max_length=None,
        )
        dpo = DPOTrainer(model, args=config, train_dataset=Dataset.from_list(pairs), processing_class=tokenizer)
        return trainer.run(self, dpo, work, target) | {"own_mistakes": len(own)}
