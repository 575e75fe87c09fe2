"""The settings that decide a pretrained base."""

from __future__ import annotations

from dataclasses import dataclass, field


def _turns(text: str) -> tuple[tuple[str, int], ...]:
    """Kinds of documents and sizes, written short."""
    kinds = {"l": "letters", "k": "looks", "w": "ways"}
    return tuple((kinds[turn[0]], int(turn[1:])) for turn in text.split())


@dataclass(frozen=True)
class PretrainSettings:
    """Everything that decides the base: the model, what it is taught inside, its documents, and the optimizers."""

    num_hidden_layers: int = 5
    hidden_size: int = 128
    num_attention_heads: int = 4
    named: int = 2  # the layer after which a cell of the drawing knows its name
    lettered: int = 2  # the one after which it knows the letter in it
    sided: int = 3  # the one after which it knows its sides
    celled: int = 2  # the one after which a token of a search knows the cell that it is about
    reached: int = 3  # the one after which a cell that a search has reached knows from which
    ordered: int = 4  # the one after which a neighbour in a group knows what stands after it and its marks
    looking: int = 4  # the layer whose heads are taught where to look in searches
    seeing: int = 5  # the layer whose heads are taught where to look in the drawing
    taught_from_step: dict[str, int] = field(
        default_factory=lambda: {"ordered": 1_400, "seeing 2": 1_800, "seeing 3": 2_600, "altered": 2_600}
    )
    """From which step on was taught what came to mind while it was trained."""
    max_steps: int = 3_400
    stages: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = (
        (0, _turns("l5 l8 l4 l12")),
        (150, _turns("k5 l12 k8 l4 k5 l8 k12 l5")),
        (350, _turns("w4 w5 k12 w5 l8 w4 k8 w5 l12")),
        (700, _turns("w5 w8 w4 w5 l12 w8 w5 k8 w5 w8 l5 k12")),
        (1_200, _turns("w8 w5 w4 w8 w5 l12 w8 w12 w5 w8 w5 k12 w8 l5 w5")),
    )
    """From which step on batches of which kind (see `documents`) and size follow each other in turn."""
    generators: tuple[tuple[str, ...], ...] = (
        ("braided", "dfs", "braided", "wilson", "braided", "kruskal"),
        ("braided", "wilson", "braided", "kruskal", "braided", "dfs"),
        ("braided", "kruskal", "braided", "dfs", "braided", "wilson"),
    )
    """What makes the mazes of a batch in turn; from batch to batch the orders follow each other in turn."""
    altered_share: float = 0.4  # the share of mazes with some walls more and some fewer (`training.alter`)
    altered_wall_share: float = 0.1  # the share of their inner walls
    cells_per_batch: dict[str, int] = field(default_factory=lambda: {"letters": 2304, "looks": 1152, "ways": 432})
    """How many cells the mazes of a batch of each kind have together."""
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
    """The share of both rates at some steps, and between them along straight lines."""
    seed: int = 1
