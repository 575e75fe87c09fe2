"""dpo: sft, taught with TRL's DPOTrainer to prefer right answers to wrong ones.

Direct preference optimization (Rafailov et al. 2023): the right answer's log-probability is raised above the wrong
one's, both measured from the parent's. The likelihood of the right answer is kept up by a share of the ordinary loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import Preferring

if TYPE_CHECKING:
    from models.load import Weights


@dataclass(frozen=True)
class Dpo(Preferring):
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "sft"
    examples: int = 640  # pairs by the verifier
    sizes: tuple[int, ...] = (4, 5, 8)
    own: int = 480  # mazes that the parent is asked about, for pairs of its own mistakes
    beta: float = 0.1
    keep: float = 0.3  # weight of the ordinary loss on the right answer
    rate: float = 5e-5
    warmup: int = 20

    method = "dpo"
    foreign_rate = 2e-5

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

        from models.training import trainer
        from models.training.on_policy_pairs import mistakes

        own = mistakes(self, needed["parent"], work / "mistakes.jsonl")
        data = Dataset.from_list(self.batches([*self.data(), *own]))

        model, tokenizer = trainer.start(self, needed["parent"])
        config = DPOConfig(
            **trainer.settings(self, work),
            train_sampling_strategy="sequential",
            beta=self.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, self.keep],
            max_length=None,
        )
        dpo = DPOTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        return trainer.run(self, dpo, work, target) | {"own_mistakes": len(own)}
