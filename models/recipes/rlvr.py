"""rlvr: sft, trained with TRL's GRPOTrainer against the verifier itself.

Group relative policy optimization (Shao et al. 2024): of several replies to one maze those are made likelier that
`rewards.reward` values above the others. Where all replies of a group are worth the same there is nothing to learn from
it; how often that is so stands in the card as `zero_std`, and 1.0 there means that the training has collapsed.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.mazes.maze import Maze


@dataclass(frozen=True)
class Rlvr:
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "sft"
    mazes: int = 480
    group: int = 8  # replies to one maze
    batch: int = 64  # replies in a step
    generators: tuple[str, ...] = ("dfs", "wilson", "kruskal", "braided")
    size: int = 5
    temperature: float = 1.0
    beta: float = 0.01  # weight of the divergence from the parent
    rate: float = 1e-4
    warmup: int = 5
    seed: int = 1

    method = "rlvr"

    def describe(self) -> dict[str, Any]:
        total = hashlib.sha256()
        for maze in self.data():
            total.update(maze.digest().encode())
        return {"method": self.method, **asdict(self), "data": total.hexdigest()}

    def data(self) -> list[Maze]:
        """The mazes that are asked about, in order."""
        from benchmark.mazes import training

        name = f"{self.method}-{self.seed}"
        return list(islice(training.stream(name, self.size, self.size, self.generators, self.size), self.mazes))

    def generation(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings of a trainer that lets the model reply and values the replies."""
        return settings | {
            "logging_steps": 1,
            "num_generations": self.group,
            "max_completion_length": 64 + 5 * self.size**2,
            "temperature": self.temperature,
            "beta": self.beta,
            "shuffle_dataset": False,
        }

    def build(self, parent: Path | None, target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset

        from . import texts, trainer

        with trainer.loading():
            from trl import GRPOConfig, GRPOTrainer

        from .rewards import reward

        mazes = self.data()

        def verified(completions: list[str], number: list[int], **_: Any) -> list[float]:
            return [reward(mazes[at], reply) for at, reply in zip(number, completions, strict=True)]

        model, tokenizer = trainer.load(parent)
        config = GRPOConfig(**self.generation(trainer.settings(self, work)), remove_unused_columns=False)
        data = Dataset.from_list([{"prompt": texts.ask(maze), "number": at} for at, maze in enumerate(mazes)])
        grpo = GRPOTrainer(model, reward_funcs=verified, args=config, train_dataset=data, processing_class=tokenizer)
        figures = trainer.run(grpo, "rlvr", work, target)
        return figures | trainer.rewards(grpo)
