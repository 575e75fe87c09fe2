"""Measures of similarity of the states of two checkpoints in one layer. Pure functions of (texts, width) arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]


ROUNDING = 1e-5
"""The largest difference of the same state in batches of other shapes, relative to its largest component."""


def varies(states: Floats) -> bool:
    """Return whether any component differs between texts by more than rounding."""
    return bool(np.ptp(states, axis=0).max() > ROUNDING * np.abs(states).max())


def centred_gram(states: Floats) -> Doubles:
    """Return the U-centred Gram matrix (texts, texts), which makes HSIC unbiased (Szekely and Rizzo 2014)."""
    rows = np.asarray(states, float)
    rows = rows - rows.mean(0)  # the result is the same, with less rounding
    gram = rows @ rows.T
    return centred(gram)


def centred(gram: Doubles) -> Doubles:
    """U-centre a Gram matrix of n texts. Raises ValueError for fewer than 4 texts, where it is undefined."""
    n = len(gram)
    if n < 4:
        raise ValueError(f"debiased CKA takes at least 4 texts, not {n}")
    gram = gram.copy()
    np.fill_diagonal(gram, 0)
    rows = gram.sum(0) / (n - 2)
    gram -= rows[:, None] + rows[None, :] - gram.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(gram, 0)
    return gram


def cka(base: Sequence[Doubles], tuned: Sequence[Doubles]) -> Doubles:
    """Return the debiased linear CKA of each layer of `base` with each of `tuned`, shape (base layers, tuned layers).

    Layers are given as U-centred Gram matrices. 1 means the same geometry up to rotation and scale; independent states
    have 0 on average, and values below 0 are possible. NaN where a layer does not vary.

    Kornblith et al. 2019 with the unbiased HSIC of Song et al. 2012, because the biased one grows with width / texts
    (Murphy et al. 2024).
    """
    rows, cols = (np.stack([gram.ravel() for gram in grams]) for grams in (base, tuned))
    norms = np.sqrt(np.outer((rows * rows).sum(1), (cols * cols).sum(1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norms > 0, (rows @ cols.T) / norms, np.nan)


def cosine(base: Floats, tuned: Floats) -> Doubles:
    """Return the cosine of the two states of each text, shape (texts,)."""
    norms = np.linalg.norm(base, axis=1) * np.linalg.norm(tuned, axis=1)
    return np.asarray(np.einsum("nd,nd->n", base, tuned, dtype=float) / np.maximum(norms, 1e-30), float)


def relative_change(base: Floats, tuned: Floats) -> Doubles:
    """Return |tuned - base| / |base| for each text, shape (texts,)."""
    change, size = (np.linalg.norm(np.asarray(states, float), axis=1) for states in (tuned - base, base))
    return np.asarray(change / np.maximum(size, 1e-30), float)


def norm_ratio(base: Floats, tuned: Floats) -> Doubles:
    """Return |tuned| / |base| for each text, shape (texts,)."""
    return np.asarray(np.linalg.norm(tuned, axis=1) / np.maximum(np.linalg.norm(base, axis=1), 1e-30), float)


def common_share(changes: Floats, weights: Doubles | None = None) -> Doubles:
    """Return the share of the change that is the same vector for all texts: |mean|^2 / mean |.|^2, bias-corrected.

    Changes that have nothing in common give 0 on average (without the correction: 1 / texts). `weights`, integers of
    shape (draws, texts) whose rows sum to the number of texts, give one value for each draw of a bootstrap; the default
    is one row of ones. Returns an array of shape (draws,), with 0 where nothing changed.
    """
    rows = np.asarray(changes, float)
    n = len(rows)
    weights = np.ones((1, n)) if weights is None else weights
    gram = rows @ rows.T
    each = weights @ gram.diagonal() / n
    common = np.einsum("bn,nm,bm->b", weights, gram, weights, optimize=True) / n**2
    pairs = (weights**2).sum(1) / n  # the expected number of pairs of a text with itself, times n
    unbiased = (common - each * pairs / n) / np.maximum(1 - pairs / n, 1e-12)
    return np.asarray(np.divide(unbiased, each, out=np.zeros_like(each), where=each > 0), float)
