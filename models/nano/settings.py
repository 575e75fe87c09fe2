"""The settings of pretraining."""

from __future__ import annotations

from dataclasses import dataclass, field


def _turns(text: str) -> tuple[tuple[str, int], ...]:
    """Expand the short form of kinds of documents and sizes: `l5 w8` is letters at 5x5, then ways at 8x8."""
    kinds = {"l": "letters", "k": "looks", "w": "ways"}
    return tuple((kinds[turn[0]], int(turn[1:])) for turn in text.split())


@dataclass(frozen=True)
class PretrainSettings:
    """Everything that decides the base: the model, the additional losses, the documents, and the optimizers."""

    num_hidden_layers: int = 5
    hidden_size: int = 128
    num_attention_heads: int = 4
    # the layers of the lessons in `supervision`, counted from 1
    named: int = 2  # after it, the state of a drawn cell predicts the cell's name
    lettered: int = 2  # after it, the state of a drawn cell predicts the letter in it
    sided: int = 3  # after it, the state of a drawn cell predicts its sides
    celled: int = 2  # after it, the state of a token of a search predicts the cell that it is about
    reached: int = 3  # after it, the state of a reached cell predicts the cell that it was reached from
    ordered: int = 4  # after it, the state of a neighbour in a group predicts what follows it and its marks
    looking: int = 4  # its heads are trained where to look in searches and paths
    seeing: int = 5  # its heads are trained where to look in the drawing
    taught_from_step: dict[str, int] = field(
        default_factory=lambda: {"ordered": 1_400, "seeing 2": 1_800, "seeing 3": 2_600, "altered": 2_600}
    )
    """By lesson (`seeing 2` is that of head 2), or `altered` for altered mazes: the first step that has it; 0 if not
    listed."""
    max_steps: int = 3_400
    stages: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = (
        (0, _turns("l5 l8 l4 l12")),
        (150, _turns("k5 l12 k8 l4 k5 l8 k12 l5")),
        (350, _turns("w4 w5 k12 w5 l8 w4 k8 w5 l12")),
        (700, _turns("w5 w8 w4 w5 l12 w8 w5 k8 w5 w8 l5 k12")),
        (1_200, _turns("w8 w5 w4 w8 w5 l12 w8 w12 w5 w8 w5 k12 w8 l5 w5")),
    )
    """The first step of each stage, and the kinds (see `documents`) and sizes of its batches, in turn."""
    generators: tuple[tuple[str, ...], ...] = (
        ("braided", "dfs", "braided", "wilson", "braided", "kruskal"),
        ("braided", "wilson", "braided", "kruskal", "braided", "dfs"),
        ("braided", "kruskal", "braided", "dfs", "braided", "wilson"),
    )
    """The generators of the mazes of a batch, in turn. There are several orders, one for each batch, in turn."""
    altered_share: float = 0.4  # the share of mazes with walls added and removed (`training.alter`)
    altered_wall_share: float = 0.1  # the share of their inner walls that is added or removed
    cells_per_batch: dict[str, int] = field(default_factory=lambda: {"letters": 2304, "looks": 1152, "ways": 432})
    """By the kind of documents: the number of cells in all mazes of a batch."""
    muon_learning_rate: float = 0.02  # Muon's learning rate
    learning_rate: float = 2e-3  # AdamW's
    learning_rate_schedule: tuple[tuple[int, float], ...] = (
        (0, 0.01),
        (99, 1),
        (1_700, 1),
        (1_800, 18 / 19),
        (2_600, 42 / 95),
        (3_400, 0),
    )
    """Steps and the share of both learning rates there, from 0 to 1; linear in between."""
    seed: int = 1
