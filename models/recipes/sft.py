"""sft: supervised fine-tuning of the base on right replies, with TRL's SFTTrainer.

The base knows statements about mazes, but has never seen the benchmark's question. It learns to find S and G, to search
from G, and to answer with the path back from S (see `models.data.formats`). The loss is taken on the reply alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.data.formats import build_example
from models.training.settings import TrainingSettings

if TYPE_CHECKING:
    from models.weights import Weights


@dataclass(frozen=True)
class SFT(TrainingSettings):
    """The settings of SFT."""

    num_examples: int = 4_400
    batch_size: int = 8
    sizes: tuple[int, ...] = (8, 5, 8, 5, 4)
    learning_rate: float = 6e-4

    method = "sft"
    summary = "supervised fine-tuning on right replies"
    third_party_learning_rate = 2e-4

    def data(self) -> Iterator[dict[str, Any]]:
        """The training examples in order, each batch of one size, so that little is padded."""
        streams = {size: self.mazes(f"sft-{self.seed}", size) for size in set(self.sizes)}
        for step in range(self.num_examples // self.batch_size):
            size = self.sizes[step % len(self.sizes)]
            for _ in range(self.batch_size):
                prompt, completion = build_example(next(streams[size]), self.answer_format)
                yield {"prompt": prompt, "completion": completion}

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from trl import SFTConfig, SFTTrainer

        from models.training import trainer

        model, tokenizer = trainer.load_trainable(self, needed["parent"])
        config = SFTConfig(
            **trainer.trainer_arguments(self, work),
            train_sampling_strategy="sequential",  # `data` has the right order already
            max_length=None,
        )
        sft = SFTTrainer(model, args=config, train_dataset=trainer.dataset(self.data()), processing_class=tokenizer)
        return trainer.run(self, sft, work, target)
