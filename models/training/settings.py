"""The settings that all fine-tunes share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from benchmark.mazes.maze import Maze


@dataclass(frozen=True)
class TrainingSettings:
    """The settings that decide the result of a fine-tune; each method adds its own."""

    method: ClassVar[str]
    summary: ClassVar[str]
    third_party_learning_rate: ClassVar[float]
    """The learning rate for an adapter of a third-party model."""
    answers_mazes: ClassVar[bool] = True
    """False for a reward model, which scores replies and writes none."""
    RECORD_NAMES: ClassVar[dict[str, str]] = {
        "batch_size": "batch",
        "learning_rate": "rate",
        "warmup_steps": "warmup",
        "answer_format": "style",
        "lora_rank": "lora",
        "num_examples": "examples",
        "rejected_shares": "kinds",
        "preference_file": "preferences",
        "on_policy_mazes": "own",
        "sft_weight": "keep",
        "num_generations": "group",
        "reward_model": "judge",
    }
    """The names of settings in records and digests. They never change, because the digest of a checkpoint has them."""

    parent: str = "base"
    batch_size: int = 16  # examples in an optimizer step, over all processes
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    sizes: tuple[int, ...] = (4, 5, 5)  # one batch after the other, in turn
    learning_rate: float = 1e-3
    warmup_steps: int = 30  # from there the learning rate falls to 0 along a cosine
    seed: int = 1
    answer_format: str = "search"
    """The form of prompts and replies, see `models.data.formats`."""
    lora_rank: int = 0
    """The rank of a LoRA adapter on all linear layers; 0 tunes all weights."""

    @property
    def reward_model(self) -> str | None:
        """The recipe whose product scores replies for this one; None unless a recipe defines it as a field."""
        return None

    def as_adapter(self) -> Self:
        """The same recipe with an adapter, which needs a higher learning rate to learn as much as all weights."""
        return self if self.lora_rank else replace(self, lora_rank=32, learning_rate=3 * self.learning_rate)

    def for_third_party(self, answer_format: str) -> Self:
        """The same recipe for a third-party model: an adapter, and the learning rate of the method for such models."""
        return replace(self, answer_format=answer_format, lora_rank=16, learning_rate=self.third_party_learning_rate)

    def mazes(self, name: str, size: int) -> Iterator[Maze]:
        """The stream of training mazes of this name, `size` x `size`, with S and G at least `size` moves apart."""
        from benchmark.mazes import training

        return training.stream(name, size, size, self.generators, at_least=size)

    def describe(self) -> dict[str, Any]:
        """Method, settings and a digest of the data, as JSON; it is part of the record of a checkpoint."""
        settings = {self.RECORD_NAMES.get(name, name): value for name, value in asdict(self).items()}
        return {"method": self.method, **settings, "data": self.data_digest()}

    def data(self) -> Iterable[Any]:
        """The training examples, in order."""
        raise NotImplementedError

    def data_digest(self, most: int | None = None) -> str:
        """A sha256 of the first `most` examples, by default of ten batches, which detects most changes."""
        total = hashlib.sha256()
        for example in islice(self.data(), most or 10 * self.batch_size):
            total.update(json.dumps(example).encode())
        return total.hexdigest()
