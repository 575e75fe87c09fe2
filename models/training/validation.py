"""The share of mazes that a model solves during training."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from transformers import Trainer

from .generation import count_solved
from .settings import TrainingSettings

MAZES = 32


def validation(recipe: TrainingSettings, trainer: Trainer) -> Callable[[], float]:
    """A function that returns the share, from 0 to 1, of mazes that the model currently solves.

    There are equally many mazes of each size of the recipe, from a stream that no recipe is trained on.
    """
    sizes = sorted(set(recipe.sizes))
    mazes = [maze for size in sizes for maze in islice(recipe.mazes("validation", size), max(1, MAZES // len(sizes)))]

    def share() -> float:
        model = trainer.accelerator.unwrap_model(trainer.model)
        was_training = model.training
        model.eval()
        right = count_solved(model, trainer.processing_class, mazes, recipe.answer_format)
        model.train(was_training)
        return right / len(mazes)

    return share
