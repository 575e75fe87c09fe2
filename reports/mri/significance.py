"""Intervals and p-values over mazes. All functions are pure and seeded, so that a diff is reproducible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]

DRAWS = 1000
FLIPS = 999
GROUPS = 32
LEVEL = 0.95


@lru_cache(maxsize=8)
def draws(n: int, seed: int = 0) -> Doubles:
    """Return how often each of n mazes is drawn in each bootstrap sample: read-only, shape (DRAWS, n)."""
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), DRAWS).astype(float)
    counts.flags.writeable = False  # the array is cached and shared
    return counts


def interval(values: Floats) -> tuple[float, float]:
    """Return the 95 % percentile interval of bootstrap values (Efron 1979)."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Return the mean of one value for each maze, with its bootstrap interval: (mean, low, high)."""
    array = np.asarray(values, float)
    return (float(array.mean()), *interval(draws(len(array)) @ array / len(array)))


def jackknife(figure: Callable[[NDArray[np.int64]], float], n: int) -> tuple[float, float, float]:
    """Return an estimate from n mazes with its interval, by the grouped jackknife (Quenouille 1949, Tukey 1958).

    `figure` computes the estimate from the indices of some mazes. The jackknife suits estimates such as CKA, which
    would be too large in a bootstrap, because its samples contain mazes twice.
    """
    parts = np.array_split(np.random.default_rng(0).permutation(n), min(GROUPS, n))
    everyone = np.arange(n)
    estimate = figure(everyone)
    without = np.array([figure(np.setdiff1d(everyone, part)) for part in parts])
    error = float(np.sqrt((len(parts) - 1) / len(parts) * ((without - without.mean()) ** 2).sum()))
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return estimate, estimate - half, estimate + half


def sign_flip(changes: Floats, seed: int = 0) -> float:
    """Return the p-value of a common change, by random sign flips of the change of each maze (Winkler et al. 2014).

    `changes` has the shape (mazes, width); the statistic is the length of their mean. Returns 1 where nothing changed.
    """
    rows = np.asarray(changes, float)
    gram = rows @ rows.T
    if not gram.any():
        return 1.0
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (FLIPS, len(rows)))
    flipped = np.einsum("fn,nm,fm->f", signs, gram, signs, optimize=True)
    return float((1 + (flipped >= gram.sum() * (1 - 1e-9)).sum()) / (FLIPS + 1))


def discoveries(p: Sequence[float]) -> list[float]:
    """Return the p-values, adjusted for their number to control the false discovery rate (Benjamini, Hochberg 1995)."""
    order = np.argsort(p)
    scaled = np.asarray(p, float)[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    return [float(value) for value in adjusted]
