"""How alike the states of two checkpoints are, layer by layer. Pure; arrays have the shape (texts, width)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]


ROUNDING = 1e-5
"""What batches of another shape may make of the same state, as a share of its greatest component."""


def varies(states: Floats) -> bool:
    """Whether any component differs from text to text by more than rounding."""
    return bool(np.ptp(states, axis=0).max() > ROUNDING * np.abs(states).max())


def centred_gram(states: Floats) -> Doubles:
    """The U-centred Gram matrix of the texts (Szekely and Rizzo 2014), with which HSIC has no bias."""
    rows = np.asarray(states, float)
    rows = rows - rows.mean(0)  # changes nothing but rounding
    gram = rows @ rows.T
    return centred(gram)


def centred(gram: Doubles) -> Doubles:
    """U-centre a Gram matrix of n texts. Raises ValueError below 4 of them, where nothing is left."""
    n = len(gram)
    if n < 4:
        raise ValueError(f"debiased CKA takes at least 4 texts, not {n}")
    gram = gram.copy()
    np.fill_diagonal(gram, 0)
    rows = gram.sum(0) / (n - 2)
    gram -= rows[:, None] + rows[None, :] - gram.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(gram, 0)
    return gram


def cka(ones: Sequence[Doubles], others: Sequence[Doubles]) -> Doubles:
    """Debiased linear CKA of each of the one with each of the other layers, given as U-centred Gram matrices.

    1 is the same geometry up to rotation and scale; independent states are 0 on average and may be below it. NaN where
    a layer does not vary. Kornblith et al. 2019 with the unbiased HSIC of Song et al. 2012, because the biased one
    grows with width / texts (Murphy et al. 2024).
    """
    one, other = (np.stack([gram.ravel() for gram in grams]) for grams in (ones, others))
    norms = np.sqrt(np.outer((one * one).sum(1), (other * other).sum(1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norms > 0, (one @ other.T) / norms, np.nan)


def cosine(base: Floats, tuned: Floats) -> Doubles:
    """The cosine of each text's two states."""
    norms = np.linalg.norm(base, axis=1) * np.linalg.norm(tuned, axis=1)
    return np.asarray(np.einsum("nd,nd->n", base, tuned, dtype=float) / np.maximum(norms, 1e-30), float)


def relative_change(base: Floats, tuned: Floats) -> Doubles:
    """|tuned - base| / |base| of each text."""
    change, size = (np.linalg.norm(np.asarray(one, float), axis=1) for one in (tuned - base, base))
    return np.asarray(change / np.maximum(size, 1e-30), float)


def norm_ratio(base: Floats, tuned: Floats) -> Doubles:
    """|tuned| / |base| of each text."""
    return np.asarray(np.linalg.norm(tuned, axis=1) / np.maximum(np.linalg.norm(base, axis=1), 1e-30), float)


def common_share(changes: Floats, weights: Doubles | None = None) -> Doubles:
    """How much of all change is one and the same vector for all texts: |mean|^2 / mean |.|^2, without its bias.

    What is left of it where changes have nothing in common is 0 on average (uncorrected: 1 / texts). `weights` of shape
    (draws, texts), whole numbers that add up to the texts, give a value for each draw of a bootstrap; else there is
    one. 0 where nothing changed.
    """
    rows = np.asarray(changes, float)
    n = len(rows)
    weights = np.ones((1, n)) if weights is None else weights
    gram = rows @ rows.T
    each = weights @ gram.diagonal() / n
    common = np.einsum("bn,nm,bm->b", weights, gram, weights, optimize=True) / n**2
    pairs = (weights**2).sum(1) / n  # how often a text meets itself, times n
    unbiased = (common - each * pairs / n) / np.maximum(1 - pairs / n, 1e-12)
    return np.asarray(np.divide(unbiased, each, out=np.zeros_like(each), where=each > 0), float)
