"""What the recipes that learn from preference pairs share: where the pairs come from."""

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
"""How often each kind of `preferences` is rejected (here, because recipes are made without loading Numba)."""


@dataclass(frozen=True)
class PairSettings(TrainingSettings):
    """The settings of preference pairs: made by the verifier, or read from a file."""

    num_examples: int = 1_600  # pairs by the verifier
    rejected_shares: dict[str, float] = field(default_factory=lambda: dict(SHARES))
    """The shares of what is wrong with the rejected reply; a kind left out, or with share 0, is switched off."""
    preference_file: str = ""
    """A JSONL file with people's own pairs (see `preferences.read`), which then take the place of the verifier's."""

    def describe(self) -> dict[str, Any]:
        """The file stands in it with its content's digest, and not with its path."""
        description = super().describe()
        if self.preference_file:
            description["preferences"] = description["data"]
        return description

    def data_digest(self, most: int | None = None) -> str:
        """Of people's own pairs all are looked at."""
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
        """The pairs as they are learned from, each batch of like lengths, so that little is padded."""
        ordered = sorted(pairs, key=lambda pair: len(reply_text(pair["chosen"])), reverse=True)
        full = [
            ordered[at : at + self.batch_size] for at in range(0, len(pairs) - self.batch_size + 1, self.batch_size)
        ]
        Random(self.seed).shuffle(full)
        return [*chain.from_iterable(full), *ordered[len(full) * self.batch_size :]]
