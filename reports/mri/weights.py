"""How the weights changed: each matrix of the tuned model compared with that of the base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import load
from models.weights import Weights

WIDEST = 4096
"""The largest size of a matrix for an SVD. Larger ones are sampled evenly in rows and columns, to save minutes."""
DIRECTIONS = 8

Matrices = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Moved:
    """How one matrix changed."""

    name: str
    relative: float
    """|change| / |before|, Frobenius."""
    stable_rank: float
    """|change|^2 / (its greatest singular value)^2: how many directions the change has; 0 where there is none."""
    rotation: float
    """The greatest angle in degrees between the spaces of the DIRECTIONS greatest singular vectors, before and after,
    on the side of the output."""


def moved(before: Matrices, after: Matrices) -> list[Moved]:
    """All matrices that both have, in the order of their names."""
    return [
        Moved(name, *_figures(base, tuned))
        for name, base in before.items()
        if (tuned := after.get(name)) is not None and tuned.shape == base.shape
    ]


def matrices(weights: Weights) -> Matrices:
    """The matrices of a model, by their names; an adapter counts as merged."""
    model = load.model(weights)
    if weights.base:
        model = model.merge_and_unload(safe_merge=True)
    return {name: value.detach().numpy() for name, value in model.named_parameters() if value.ndim == 2}


def _figures(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> tuple[float, float, float]:
    change = tuned - base
    size = float(np.linalg.norm(change))
    if not size:
        return 0.0, 0.0, 0.0
    top = np.linalg.svd(_part(change), compute_uv=False)
    (before, *_), (after, *_) = (np.linalg.svd(_part(matrix), full_matrices=False) for matrix in (base, tuned))
    cosines = np.linalg.svd(before[:, :DIRECTIONS].T @ after[:, :DIRECTIONS], compute_uv=False)
    rotation = float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))
    return size / float(np.linalg.norm(base)), float((top**2).sum() / top[0] ** 2), rotation


def _part(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, cols = (-(-size // WIDEST) for size in matrix.shape)
    return matrix[::rows, ::cols]
