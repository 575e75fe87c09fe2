"""dpo: sft, taught with TRL's DPOTrainer to prefer right answers to wrong ones.

Direct preference optimization (Rafailov et al. 2023): the right answer's log-probability is raised above the wrong
one's, both measured from the parent's. The likelihood of the right answer is kept up by a share of the ordinary loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .preferences import Pair

SHARES = {"wall": 0.3, "short": 0.2, "overshot": 0.1, "wrong-end": 0.2, "detour": 0.2}
"""How often each kind of `preferences` is rejected (here, because recipes are made without loading Numba)."""


class Preferring:
    """What the recipes that learn from preference pairs share: their data."""

    method: str

    def describe(self) -> dict[str, Any]:
        total = hashlib.sha256()
        for pair in islice(self.data(), 10 * self.batch):
            total.update("\n".join(pair.values()).encode())
        return {"method": self.method, **asdict(self), "data": total.hexdigest()}

    def data(self) -> Iterator[Pair]:
        """The pairs in order, the sizes in turn."""
        from benchmark.mazes import training

        from .preferences import pairs

        streams = [
            pairs(
                training.stream(f"{self.method}-{self.seed}-{place}", size, size, self.generators, at_least=size),
                self.kinds,
                self.seed,
            )
            for place, size in enumerate(self.sizes)
        ]
        for stream in islice(cycle(streams), self.examples):
            yield next(stream)


@dataclass(frozen=True)
class Dpo(Preferring):
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "sft"
    examples: int = 1_600
    own: int = 3_200  # mazes that the parent is asked about, for pairs of its own mistakes
    batch: int = 16
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    sizes: tuple[int, ...] = (4, 5, 5)
    kinds: dict[str, float] = field(default_factory=lambda: dict(SHARES))
    beta: float = 0.1
    keep: float = 0.3  # weight of the ordinary loss on the right answer
    rate: float = 5e-5
    warmup: int = 20
    seed: int = 1

    method = "dpo"

    def build(self, parent: Path | None, target: Path, work: Path) -> dict[str, Any]:
        from random import Random

        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

        from benchmark.mazes import training

        from . import trainer
        from .mistakes import mistakes

        pairs = list(self.data())
        for size in sorted(set(self.sizes)):
            asked = self.own * self.sizes.count(size) // len(self.sizes)
            stream = training.stream(f"own-{self.seed}", size, size, self.generators, at_least=size)
            pairs += mistakes(parent, stream, asked, self.seed)
        Random(self.seed).shuffle(pairs)

        model, tokenizer = trainer.load(parent)
        config = DPOConfig(
            **trainer.settings(self, work),
            beta=self.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, self.keep],
            max_length=None,
        )
        dpo = DPOTrainer(model, args=config, train_dataset=Dataset.from_list(pairs), processing_class=tokenizer)
        return trainer.run(dpo, "dpo", work, target) | {"own_mistakes": len(pairs) - self.examples}
