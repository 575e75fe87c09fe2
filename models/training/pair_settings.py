"""The settings of recipes that train on preference pairs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from models.data.formats import reply_text

from .settings import TrainingSettings

if TYPE_CHECKING:
    from models.data.pairs import Pair

SHARES = {"wall": 0.3, "short": 0.2, "overshot": 0.1, "wrong-end": 0.2, "detour": 0.2}
"""The shares of the kinds of `models.data.pairs`; defined here, because importing a recipe must not import Numba."""


@dataclass(frozen=True)
class PairSettings(TrainingSettings):
    """The settings of preference pairs, which are generated or read from a file."""

    num_examples: int = 1_600  # pairs by the verifier
    rejected_shares: dict[str, float] = field(default_factory=lambda: dict(SHARES))
    """The share of each kind of wrong reply; a kind that is missing or 0 is not used."""
    preference_file: str = ""
    """A JSONL file of pairs (see `models.data.pairs.read`), which replace the generated ones."""

    def describe(self) -> dict[str, Any]:
        """As for other recipes; a preference file is described by the digest of its content instead of its path."""
        description = super().describe()
        if self.preference_file:
            description["preferences"] = description["data"]
        return description

    def data_digest(self, most: int | None = None) -> str:
        """The digest of the first `most` pairs, or of all pairs of a preference file."""
        return super().data_digest(sys.maxsize if self.preference_file else most)

    def data(self) -> Iterator[Pair]:
        """The pairs in order, the sizes in turn."""
        from models.data.pairs import pairs, read

        if self.preference_file:
            yield from read(Path(self.preference_file).expanduser())
            return
        streams = [
            pairs(
                self.mazes(f"{self.method}-{self.seed}-{place}", size),
                self.rejected_shares,
                self.seed,
                self.answer_format,
            )
            for place, size in enumerate(self.sizes)
        ]
        for stream in islice(cycle(streams), self.num_examples):
            yield next(stream)

    def batches(self, pairs: list[Pair]) -> list[Pair]:
        """The pairs in the order of training: in batches of similar lengths, so that there is little padding."""
        ordered = sorted(pairs, key=lambda pair: len(reply_text(pair["chosen"])), reverse=True)
        full = [
            ordered[at : at + self.batch_size] for at in range(0, len(pairs) - self.batch_size + 1, self.batch_size)
        ]
        Random(self.seed).shuffle(full)
        return [*chain.from_iterable(full), *ordered[len(full) * self.batch_size :]]
