"""The logit lens (nostalgebraist 2020): the first move according to each layer, through the last norm and the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .probe_set import ProbeSet
from .scan import Scan
from .significance import mean_interval


@dataclass(frozen=True)
class Seen:
    """The first move according to one layer."""

    layer: int
    share: float
    """The share of texts whose most likely move, among those inside the lattice, begins a shortest path."""
    low: float
    high: float
    rank: float
    """The median rank of the best right move among all tokens, from 1."""
    margin: float
    """The mean logit of the best right move minus that of the best wrong one."""


def lens(scan: Scan, probes: ProbeSet) -> list[Seen]:
    """Apply the logit lens to all layers of a checkpoint; the last one is the output of the model."""
    logits = np.asarray(scan.candidates, float)
    hits = right_moves(logits, probes)
    best = np.where(probes.right[:, None], logits, -np.inf).max(2)
    wrong = np.where(probes.right[:, None] | ~probes.possible[:, None], -np.inf, logits).max(2)
    has_wrong = np.isfinite(wrong[:, 0])  # in some mazes every possible first move is right
    return [
        Seen(
            layer,
            *mean_interval(hits[:, layer].astype(float)),
            float(np.median(scan.ranks[:, layer])),
            float((best - wrong)[has_wrong, layer].mean()),
        )
        for layer in range(logits.shape[1])
    ]


def right_moves(logits: NDArray[np.float64], probes: ProbeSet) -> NDArray[np.bool_]:
    """Return whether the most likely move is right, shape (texts, layers), for logits of shape (texts, layers, 4)."""
    return np.take_along_axis(probes.right[:, None], logits.argmax(2)[..., None], 2)[..., 0]


def chance(probes: ProbeSet) -> float:
    """Return the expected share of right moves for a random choice among the moves inside the lattice."""
    return float((probes.right.sum(1) / probes.possible.sum(1)).mean())
