"""orpo: the base, taught to answer and to prefer right answers in one go, with TRL's experimental ORPOTrainer.

Odds ratio preference optimization (Hong, Lee and Thorne 2024): the ordinary loss on the right reply, and beside it
the log odds of the right reply over the wrong one. No second model is needed, so it starts from the base itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .dpo import SHARES, Preferring


@dataclass(frozen=True)
class Orpo(Preferring):
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "base"
    examples: int = 12_800
    batch: int = 16
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    sizes: tuple[int, ...] = (4, 5, 5)
    kinds: dict[str, float] = field(default_factory=lambda: dict(SHARES))
    beta: float = 0.1
    rate: float = 1e-3
    warmup: int = 30
    seed: int = 1

    method = "orpo"

    def build(self, parent: Path | None, target: Path, work: Path) -> dict[str, Any]:
        os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"  # that it is experimental is said above
        from datasets import Dataset
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        from . import trainer

        model, tokenizer = trainer.load(parent)
        config = ORPOConfig(**trainer.settings(self, work), beta=self.beta, max_length=1024)
        data = Dataset.from_list(list(self.data()))
        return trainer.run(
            ORPOTrainer(model, args=config, train_dataset=data, processing_class=tokenizer), "orpo", work, target
        )
