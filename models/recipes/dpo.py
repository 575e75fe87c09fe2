"""dpo: direct preference optimization of sft, with TRL's DPOTrainer.

The log-probability of the chosen reply is raised above that of the rejected one, both measured from the parent's
(Rafailov et al. 2023, https://arxiv.org/abs/2305.18290). A share of the ordinary loss keeps the chosen reply likely.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.pair_settings import PairSettings

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class DPO(PairSettings):
    """The settings of DPO."""

    parent: str = "sft"
    num_examples: int = 640
    sizes: tuple[int, ...] = (4, 5, 8)
    on_policy_mazes: int = 480
    """Mazes for the parent: each of its replies that is not optimal becomes the rejected reply of a pair."""
    beta: float = 0.1
    sft_weight: float = 0.3
    """The weight of the ordinary loss on the chosen reply."""
    learning_rate: float = 5e-5
    warmup_steps: int = 20

    method = "dpo"
    summary = "direct preference optimization"
    third_party_learning_rate = 2e-5

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from trl import DPOConfig, DPOTrainer

        from models.training import on_policy_pairs, trainer

        mistakes = on_policy_pairs.sample(self, self.on_policy_mazes, needed["parent"], work / "mistakes.jsonl")
        data = trainer.dataset(self.batches([*self.data(), *mistakes]))

        model, tokenizer = trainer.load_trainable(self, needed["parent"])
        config = DPOConfig(
            **trainer.trainer_arguments(self, work),
            train_sampling_strategy="sequential",
            beta=self.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, self.sft_weight],
            max_length=None,
        )
        dpo = DPOTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        return trainer.run(self, dpo, work, target) | {"own_mistakes": len(mistakes)}
