"""How many mazes a model solves while it is trained."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from transformers import Trainer

from .generation import count_solved
from .settings import TrainingSettings

MAZES = 32


def validation(recipe: TrainingSettings, trainer: Trainer) -> Callable[[], float]:
    """A function that gives the share, from 0 to 1, of mazes that the model solves at the time.

    They are of the sizes that the recipe learns from, as many of each, from a stream that no recipe learns from.
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
