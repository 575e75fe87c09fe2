"""sft: the base, fine-tuned with TRL's SFTTrainer to reply to the benchmark's question.

The base can say what is around a cell, and how a path runs back through that, but it has never seen the question.
Here it learns to find S and G by itself, to spread out from G, and to answer with the path back from S (see
`texts.reply`). The loss is taken on the reply alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.settings import Tuning

if TYPE_CHECKING:
    from models.load import Weights


@dataclass(frozen=True)
class Sft(Tuning):
    """Everything that decides the fine-tune, beside its parent."""

    examples: int = 4_400
    batch: int = 8
    sizes: tuple[int, ...] = (8, 5, 8, 5, 4)
    rate: float = 6e-4

    method = "sft"
    foreign_rate = 2e-4

    def data(self) -> Iterator[dict[str, Any]]:
        """The training examples in order, each batch of one size, so that little is padded."""
        from models.data import texts

        streams = {size: self.mazes(f"sft-{self.seed}", size) for size in set(self.sizes)}
        for step in range(self.examples // self.batch):
            for _ in range(self.batch):
                prompt, completion = texts.question(next(streams[self.sizes[step % len(self.sizes)]]), self.style)
                yield {"prompt": prompt, "completion": completion}

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset
        from trl import SFTConfig, SFTTrainer

        from models.training import trainer

        model, tokenizer = trainer.start(self, needed["parent"])
        config = SFTConfig(
            **trainer.settings(self, work),
            train_sampling_strategy="sequential",  # the data stands in the right order
            max_length=None,
        )
        data = Dataset.from_list(list(self.data()))
        sft = SFTTrainer(model, args=config, train_dataset=data, processing_class=tokenizer)
        return trainer.run(self, sft, work, target)
