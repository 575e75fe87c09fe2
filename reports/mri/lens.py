"""The logit lens (nostalgebraist 2020): which move each layer would say, read through the last norm and the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .probe_set import ProbeSet
from .scan import Scan
from .significance import mean_interval


@dataclass(frozen=True)
class Seen:
    """What one layer says of the first move."""

    layer: int
    share: float
    """Of texts whose likeliest move, among those that stay in the lattice, begins a shortest path."""
    low: float
    high: float
    rank: float
    """The median rank of the best right move among all tokens, from 1."""
    margin: float
    """The mean logit of the best right move minus that of the best wrong one."""


def lens(scan: Scan, probes: ProbeSet) -> list[Seen]:
    """All layers of a checkpoint; the last is what it says."""
    told = np.asarray(scan.candidates, float)
    hits = right_moves(told, probes)
    best = np.where(probes.right[:, None], told, -np.inf).max(2)
    wrong = np.where(probes.right[:, None] | ~probes.possible[:, None], -np.inf, told).max(2)
    known = np.isfinite(wrong[:, 0])  # where every move is right there is no wrong one
    return [
        Seen(
            layer,
            *mean_interval(hits[:, layer].astype(float)),
            float(np.median(scan.ranks[:, layer])),
            float((best - wrong)[known, layer].mean()),
        )
        for layer in range(told.shape[1])
    ]


def right_moves(told: NDArray[np.float64], probes: ProbeSet) -> NDArray[np.bool_]:
    """Whether the likeliest of the moves is a right one: (texts, layers), of logits (texts, layers, 4)."""
    return np.take_along_axis(probes.right[:, None], told.argmax(2)[..., None], 2)[..., 0]


def chance(probes: ProbeSet) -> float:
    """The share of right moves for who picks one of those that stay in the lattice at random."""
    return float((probes.right.sum(1) / probes.possible.sum(1)).mean())
