"""Intervals and chances over mazes. Pure; all of it is seeded, so that a diff made twice is the same."""

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
    """How often each of n mazes is drawn in each of DRAWS bootstrap samples: (DRAWS, n), not to be written to."""
    found = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), DRAWS).astype(float)
    found.flags.writeable = False  # every figure of so many mazes is given the same array
    return found


def interval(values: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of bootstrap values (Efron 1979)."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """A mean over mazes with its bootstrap interval."""
    found = np.asarray(values, float)
    return (float(found.mean()), *interval(draws(len(found)) @ found / len(found)))


def jackknife(figure: Callable[[NDArray[np.int64]], float], n: int) -> tuple[float, float, float]:
    """A figure of n mazes with its interval, by leaving out a group of them at a time (Quenouille, Tukey).

    For figures such as CKA, which a bootstrap makes too large because it has mazes twice.
    """
    parts = np.array_split(np.random.default_rng(0).permutation(n), min(GROUPS, n))
    everyone = np.arange(n)
    whole = figure(everyone)
    without = np.array([figure(np.setdiff1d(everyone, part)) for part in parts])
    error = float(np.sqrt((len(parts) - 1) / len(parts) * ((without - without.mean()) ** 2).sum()))
    far = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return whole, whole - far, whole + far


def sign_flip(changes: Floats, seed: int = 0) -> float:
    """How likely so large a common change is by chance, if each maze's change might as well point the other way.

    `changes` has the shape (mazes, width); the statistic is the length of their mean (Winkler et al. 2014). 1 where
    nothing changed.
    """
    rows = np.asarray(changes, float)
    gram = rows @ rows.T
    if not gram.any():
        return 1.0
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (FLIPS, len(rows)))
    flipped = np.einsum("fn,nm,fm->f", signs, gram, signs, optimize=True)
    return float((1 + (flipped >= gram.sum() * (1 - 1e-9)).sum()) / (FLIPS + 1))


def discoveries(p: Sequence[float]) -> list[float]:
    """Each p, adjusted for the number of layers: the false discovery rate (Benjamini and Hochberg 1995)."""
    order = np.argsort(p)
    scaled = np.asarray(p, float)[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.minimum.accumulate(scaled[::-1])[::-1])
    return [float(one) for one in adjusted]
