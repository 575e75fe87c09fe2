"""rlvr: reinforcement learning of sft from a verifiable reward, with TRL's GRPOTrainer.

Group relative policy optimization (Shao et al. 2024, https://arxiv.org/abs/2402.03300): of several replies to one maze
those with a higher reward (`models.data.verifier_reward`) than the others become more likely. If all replies of a group
have the same reward, nothing is learned from them; the record has the share of such groups as `zero_std`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.data.formats import Text, build_prompt, max_completion_tokens
from models.training.settings import TrainingSettings

if TYPE_CHECKING:
    from benchmark.mazes.maze import Maze
    from models.weights import Weights


@dataclass(frozen=True)
class RLVR(TrainingSettings):
    """The settings that decide the fine-tune."""

    parent: str = "sft"
    num_examples: int = 320
    """Mazes in the prompts."""
    num_generations: int = 8
    """Replies per maze."""
    batch_size: int = 64  # replies in an optimizer step
    sizes: tuple[int, ...] = (5,)
    temperature: float = 1.0
    beta: float = 0.01
    """The weight of the divergence from the parent."""
    learning_rate: float = 1e-4
    warmup_steps: int = 5

    method = "rlvr"
    summary = "reinforcement learning from a verifiable reward (GRPO)"
    third_party_learning_rate = 1e-5

    def data_digest(self, most: int | None = None) -> str:
        total = hashlib.sha256()
        for maze in self.data():
            total.update(maze.digest().encode())
        return total.hexdigest()

    def data(self) -> list[Maze]:
        """The mazes of the prompts, the sizes in turn."""
        streams = {size: self.mazes(f"{self.method}-{self.seed}", size) for size in self.sizes}
        return [next(streams[size]) for size in islice(cycle(self.sizes), self.num_examples)]

    def prompts(self, mazes: Iterable[Maze]) -> list[Text]:
        """The prompts of these mazes, in their order."""
        return [build_prompt(maze, self.answer_format) for maze in mazes]

    def generation_arguments(self) -> dict[str, Any]:
        """The arguments of TRL's configurations for trainers that sample replies."""
        from models.training.trainer import cache_implementation

        return {
            "cache_implementation": cache_implementation(),
            "logging_steps": 1,
            "num_generations": self.num_generations,
            "max_completion_length": max_completion_tokens(self.answer_format, max(self.sizes) ** 2),
            "temperature": self.temperature,
            "beta": self.beta,
            "shuffle_dataset": False,
        }

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        from models.data.verifier_reward import reward
        from models.training import trainer

        with trainer.quiet_import():
            from trl import GRPOConfig, GRPOTrainer

        mazes = self.data()

        def verify(completions: list[Text], number: list[int], **_: Any) -> list[float]:
            return [reward(mazes[at], completion) for at, completion in zip(number, completions, strict=True)]

        model, tokenizer = trainer.load_trainable(self, needed["parent"])
        grpo = GRPOTrainer(
            model,
            reward_funcs=verify,
            args=GRPOConfig(
                **trainer.trainer_arguments(self, work) | self.generation_arguments(), remove_unused_columns=False
            ),
            train_dataset=trainer.dataset(
                {"prompt": prompt, "number": number} for number, prompt in enumerate(self.prompts(mazes))
            ),
            processing_class=tokenizer,
        )
        return trainer.run(self, grpo, work, target) | trainer.summarize_rewards(self, grpo)
