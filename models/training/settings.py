"""What all fine-tunes share: the settings that every trainer has, and how a maze is put to their model."""

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
class Tuning:
    """The settings of a fine-tune that decide the result, beside those of its method."""

    method: ClassVar[str]
    foreign_rate: ClassVar[float]
    """The learning rate for an adapter of another family's model."""
    judge: ClassVar[str | None] = None
    answers: ClassVar[bool] = True
    """Whether its product answers mazes, and does not judge the answers of others."""

    parent: str = "base"
    batch: int = 16  # examples in an optimizer step, over all processes
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    sizes: tuple[int, ...] = (4, 5, 5)  # one batch after the other, in turn
    rate: float = 1e-3
    warmup: int = 30  # steps; from there the rate falls to 0 along a cosine
    seed: int = 1
    style: str = "search"
    """How a maze is put and answered, see `texts`: `search` is the nano family's way, `plain` and `chat` others'."""
    lora: int = 0
    """The rank of a LoRA adapter on all linear layers; 0 tunes all weights."""

    def adapted(self) -> Self:
        """The same with an adapter, which needs a higher rate than all weights do to learn as much."""
        return self if self.lora else replace(self, lora=32, rate=3 * self.rate)

    def foreign(self, style: str) -> Self:
        """The same for a model of another family."""
        return replace(self, style=style, lora=16, rate=self.foreign_rate)

    def mazes(self, name: str, size: int) -> Iterator[Maze]:
        """The mazes of one size that are learned from, S and G at least a side's length apart."""
        from benchmark.mazes import training

        return training.stream(name, size, size, self.generators, at_least=size)

    def describe(self) -> dict[str, Any]:
        return {"method": self.method, **asdict(self), "data": self.data_digest()}

    def data(self) -> Iterable[Any]:
        """What is learned from, in order."""
        raise NotImplementedError

    def data_digest(self, most: int | None = None) -> str:
        """A sha256 of the first `most` examples, by default of ten batches: enough that a change is seen."""
        total = hashlib.sha256()
        for example in islice(self.data(), most or 10 * self.batch):
            total.update(json.dumps(example).encode())
        return total.hexdigest()
