"""sft: the base, fine-tuned with TRL's SFTTrainer to reply to the benchmark's question.

The base can say what is around a cell, and how a path runs back through that, but it has never seen the question.
Here it learns to find S and G by itself, to spread out from G, and to answer with the path back from S (see
`texts.question`). The loss is taken on the reply alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sft:
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "base"
    examples: int = 17_600
    batch: int = 16
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    sizes: tuple[int, ...] = (4, 5, 5)  # one batch after the other, in turn
    rate: float = 1e-3
    warmup: int = 30  # steps; from there the rate falls to 0 along a cosine
    seed: int = 1

    def describe(self) -> dict[str, Any]:
        total = hashlib.sha256()
        for _, example in zip(range(10 * self.batch), self.data(), strict=False):
            total.update("\n".join(example.values()).encode())
        return {"method": "sft", **asdict(self), "data": total.hexdigest()}

    def data(self) -> Iterator[dict[str, str]]:
        """The training examples in order, each batch of one size, so that little is padded."""
        from benchmark.mazes import training

        from . import texts

        streams = {
            size: training.stream(f"sft-{self.seed}", size, size, self.generators, at_least=size)
            for size in set(self.sizes)
        }
        for step in range(self.examples // self.batch):
            for _ in range(self.batch):
                prompt, completion = texts.question(next(streams[self.sizes[step % len(self.sizes)]]))
                yield {"prompt": prompt, "completion": completion}

    def build(self, parent: Path | None, target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset
        from trl import SFTConfig, SFTTrainer

        from . import trainer

        model, tokenizer = trainer.load(parent)
        config = SFTConfig(
            **trainer.settings(self, work),
            train_sampling_strategy="sequential",  # the data stands in the right order
            max_length=None,
        )
        data = Dataset.from_list(list(self.data()))
        return trainer.run(
            SFTTrainer(model, args=config, train_dataset=data, processing_class=tokenizer), "sft", work, target
        )
