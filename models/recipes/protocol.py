"""The interface of recipes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from models.weights import Weights


class Recipe(Protocol):
    """Builds a checkpoint: a frozen dataclass of all settings that decide the result.

    A fine-tune inherits most of it from `models.training.settings.TrainingSettings`.
    """

    @property
    def method(self) -> str:
        """The name of the recipe, of its checkpoints and of their folders in the store."""

    @property
    def summary(self) -> str:
        """Its description in a few words, for help texts."""

    @property
    def parent(self) -> str | None:
        """The recipe whose product this one starts from; None for a base."""

    @property
    def reward_model(self) -> str | None:
        """The recipe whose product scores replies for this one."""

    @property
    def answers_mazes(self) -> bool:
        """False for a reward model, which scores replies and gives none."""

    @property
    def answer_format(self) -> str:
        """The form of prompts and replies, see `models.data.formats`."""

    @property
    def lora_rank(self) -> int:
        """The rank of the adapter that it trains; 0 for all weights."""

    def describe(self) -> dict[str, Any]:
        """Method, settings and a digest of the data, as JSON; the digest of the product is computed from it."""

    def build(self, needed: dict[str, Weights], target: Path, work: Path) -> dict[str, Any]:
        """Build the checkpoint.

        Args:
            needed: the checkpoints that it needs, by role: `parent`, and `judge` for the reward model.
            target: the folder for the checkpoint.
            work: the folder for the state from which an interrupted build resumes.

        Returns:
            The figures for the record: loss, rewards, versions.
        """
