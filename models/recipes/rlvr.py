"""rlvr: sft, trained with TRL's GRPOTrainer against the verifier itself.

Group relative policy optimization (Shao et al. 2024): of several replies to one maze those are made likelier that
`rewards.reward` values above the others. Where all replies of a group are worth the same there is nothing to learn from
it; how often that is so stands in the card as `zero_std`, and 1.0 there means that the training has collapsed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.training.settings import Tuning

if TYPE_CHECKING:
    from benchmark.mazes.maze import Maze
    from models.load import Weights


@dataclass(frozen=True)
class Rlvr(Tuning):
    """Everything that decides the fine-tune, beside its parent."""

    parent: str = "sft"
    examples: int = 320  # mazes that are asked about
    group: int = 8  # replies to one maze
    batch: int = 64  # replies in a step
    sizes: tuple[int, ...] = (5,)
    temperature: float = 1.0
    beta: float = 0.01  # weight of the divergence from the parent
    rate: float = 1e-4
    warmup: int = 5

    method = "rlvr"
    foreign_rate = 1e-5

    def data_digest(self, most: int | None = None) -> str:
        total = hashlib.sha256()
        for maze in self.data():
            total.update(maze.digest().encode())
        return total.hexdigest()

    def data(self) -> list[Maze]:
        """The mazes that are asked about, the sizes in turn."""
        streams = {size: self.mazes(f"{self.method}-{self.seed}", size) for size in self.sizes}
        return [next(streams[size]) for size in islice(cycle(self.sizes), self.examples)]

    def generation(self) -> dict[str, Any]:
        """The settings of a trainer that lets the model reply and values the replies."""
        from torch.cuda import is_available

        from models.data.texts import most_tokens

        return {
            "cache_implementation": None if is_available() else "static",  # on a CPU three times as fast, see load.room
            "logging_steps": 1,
            "num_generations": self.group,
            "max_completion_length": most_tokens(self.style, max(self.sizes) ** 2),
            "temperature": self.temperature,
            "beta": self.beta,
            "shuffle_dataset": False,
        }

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from datasets import Dataset

        from models.data import texts
        from models.training import trainer

        with trainer.loading():
            from trl import GRPOConfig, GRPOTrainer

        from models.data.verifier_reward import reward

        mazes = self.data()

        def verified(completions: list[texts.Text], number: list[int], **_: Any) -> list[float]:
            return [reward(mazes[at], texts.said(reply)) for at, reply in zip(number, completions, strict=True)]

        model, tokenizer = trainer.start(self, needed["parent"])
        config = GRPOConfig(**trainer.settings(self, work) | self.generation(), remove_unused_columns=False)
        data = Dataset.from_list(
            [{"prompt": texts.ask(maze, self.style), "number": at} for at, maze in enumerate(mazes)]
        )
        grpo = GRPOTrainer(model, reward_funcs=verified, args=config, train_dataset=data, processing_class=tokenizer)
        return trainer.run(self, grpo, work, target) | trainer.rewards(self, grpo)
