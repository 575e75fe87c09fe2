"""Linear probes: what a linear map can read from hidden states, such as the cells of S and G, walls and the next move.

A probe is ridge regression on standardized states, with cross-validation over mazes: no maze is in both the training
and the test part. Each probe has three baselines: labels exchanged between mazes of the same size, cell by cell (so
that information from the position alone stays), random labels (the control task of Hewitt and Liang 2019), and the same
probe on a model with random weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .probe_set import ProbeSet
from .significance import mean_interval
from .similarity import varies
from .tasks import TASKS

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]

FOLDS = 5
EXCHANGES = 100
PENALTIES = tuple(10.0**power for power in range(-4, 3))
"""Penalties of ridge regression, as multiples of the mean variance of the states. The best is chosen on the training
set by generalized cross-validation (Golub, Heath and Wahba 1979)."""
CELLS = 12
"""The number of cells of each maze that cell probes use; the same cells in all mazes of one size."""


@dataclass(frozen=True)
class Target:
    """The task of a probe."""

    name: str
    place: str
    """The states that it reads: one of `scan.PLACES`, or `cells`."""
    labels: NDArray[np.int64]
    """The classes, shape (rows, questions); -1 where a row is not used."""
    summary: str
    taught: tuple[str, ...] = ()
    """What of `models.nano.taught.WORDS` makes it readable in a model that was taught that."""


@dataclass(frozen=True)
class Reading:
    """The result of one probe on one layer. Shares are the accuracy, from 0 to 1."""

    target: str
    place: str
    layer: int
    share: float
    low: float
    high: float
    exchanged: float
    """The mean share with exchanged labels."""
    p: float
    """The p-value of the share: the part of the exchanges with a share as high."""
    control: float
    """The share with random labels."""


def targets(probes: ProbeSet) -> list[Target]:
    """Return the targets of all TASKS for these texts, restricted to the chosen cells."""
    chosen = choose_cells(probes)
    targets_of_tasks = []
    for name, task in TASKS.items():
        labels = task.label(probes)
        if task.place == "cells":
            labels = np.where(chosen[:, None], labels, -1)
        targets_of_tasks.append(Target(name, task.place, labels, task.summary, task.taught))
    return targets_of_tasks


def choose_cells(probes: ProbeSet) -> NDArray[np.bool_]:
    """Return for each cell of all texts in order whether cell probes use it, shape (cells,)."""
    masks = []
    for probe in probes.probes:
        n = len(probe.cells)
        chosen = np.zeros(n, bool)
        chosen[np.random.default_rng(n).permutation(n)[:CELLS]] = True
        masks.append(chosen)
    return np.concatenate(masks)


def read_layers(
    states: Sequence[Floats], target: Target, owner: NDArray[np.int64], exchanges: int = EXCHANGES, seed: int = 0
) -> list[Reading]:
    """Apply a probe to each layer.

    Args:
        states: For each layer an array of shape (rows, width).
        target: The labels of the rows.
        owner: The index of the maze of each row, shape (rows,).
        exchanges: The number of exchanges of labels; with 0, `exchanged` and `p` are NaN.
        seed: Of the folds, the exchanges and the random labels.

    Returns one reading for each layer whose states vary.
    """
    is_used = (target.labels >= 0).all(1)
    labels, mazes = target.labels[is_used], owner[is_used]
    random = np.random.default_rng(seed)
    columns = [labels, random.integers(0, labels.max(0) + 1, labels.shape)]
    columns += [_exchanged(labels, mazes, random) for _ in range(exchanges)]
    folds = random.permutation(mazes.max() + 1)[mazes] % FOLDS
    flat = np.concatenate(columns, 1)
    begins = np.r_[0, np.cumsum(np.concatenate([column.max(0) + 1 for column in columns]))]
    hot = np.zeros((len(flat), begins[-1]))  # one-hot: a column for each class of each question
    hot[np.arange(len(flat))[:, None], begins[:-1] + flat] = 1
    readings = []
    for layer, of_layer in enumerate(states):
        rows = np.asarray(of_layer[is_used], float)
        if not varies(rows):
            continue
        right = _right(rows, flat, _Questions(hot, begins, labels.shape[1]), folds)
        share, low, high = mean_interval(
            np.bincount(mazes, right[0])[np.unique(mazes)] / np.bincount(mazes)[np.unique(mazes)]
        )
        shares = [float(hits.mean()) for hits in right]
        p = (1 + sum(value >= shares[0] for value in shares[2:])) / (exchanges + 1) if exchanges else float("nan")
        exchanged = float(np.mean(shares[2:])) if exchanges else float("nan")
        readings.append(Reading(target.name, target.place, layer, share, low, high, exchanged, p, shares[1]))
    return readings


def _exchanged(labels: NDArray[np.int64], mazes: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Exchange the labels at random between mazes with the same number of rows, row by row."""
    begins = np.flatnonzero(np.r_[True, mazes[1:] != mazes[:-1]])
    sizes = np.diff(np.r_[begins, len(mazes)])
    source = np.arange(len(mazes))
    for size in np.unique(sizes):
        of_size = begins[sizes == size]
        for to, start in zip(of_size, random.permutation(of_size), strict=True):
            source[to : to + size] = np.arange(start, start + size)
    return labels[source]


@dataclass(frozen=True)
class _Questions:
    """All sets of labels (true, random, exchanged) side by side."""

    hot: Doubles
    """One-hot classes, shape (rows, classes of all questions)."""
    begins: NDArray[np.int64]
    """The first column of each question in `hot`."""
    width: int
    """The number of questions in one set of labels."""


def _right(rows: Doubles, flat: NDArray[np.int64], questions: _Questions, folds: NDArray[np.int64]) -> list[Doubles]:
    """For each set of labels, the share of its questions that the probe answers right in each row.

    `flat` has the classes of all sets, shape (rows, questions). All sets share one decomposition of the states, which
    is the slow part, and the penalty that is best for the true labels.
    """
    begins, width = questions.begins, questions.width
    answered = np.empty_like(flat)
    for fold in range(FOLDS):
        train = folds != fold
        scores = ridge(rows[train], questions.hot[train], rows[~train], begins[width])
        for question in range(flat.shape[1]):
            answered[~train, question] = scores[:, begins[question] : begins[question + 1]].argmax(1)
    hits = answered == flat
    return [hits[:, first : first + width].mean(1) for first in range(0, flat.shape[1], width)]


def ridge(train: Floats, wanted: Floats, test: Floats, of_first: int | None = None) -> Doubles:
    """Fit ridge regression and return its predictions for `test`, shape (test rows, columns).

    Args:
        train: States, shape (rows, width). Each column is standardized.
        wanted: The values to predict, shape (rows, columns).
        test: Other states, shape (test rows, width).
        of_first: The penalty is the one of `PENALTIES` that is best for the first `of_first` columns (None: for all).
    """
    mean, scale = train.mean(0), train.std(0)
    # constant columns become 0: rounding would make noise of them
    scale = np.where(scale > 1e-9 * max(1.0, float(np.abs(mean).max())), scale, np.inf)
    x, x_test = (train - mean) / scale, (test - mean) / scale
    centre = wanted.mean(0)
    right = wanted[:, :of_first] - centre[:of_first]
    # the smaller of the two Gram matrices, over columns or over rows, has the same non-zero eigenvalues
    is_narrow = x.shape[1] <= x.shape[0]
    if is_narrow:
        values, vectors = np.linalg.eigh(x.T @ x)
        values = values.clip(min=0)
        target, source = vectors.T @ (x.T @ wanted), x_test @ vectors  # x is centred, so that `wanted` need not be
    else:
        values, vectors = np.linalg.eigh(x @ x.T)
        values = values.clip(min=0)
        target = vectors.T @ wanted - np.outer(vectors.sum(0), centre)
        source = x_test @ (x.T @ vectors)
    unit = max(float(values.sum()) / x.shape[1], 1e-12)
    first = target[:, :of_first]
    # generalized cross-validation: the residual of the first columns, per squared share of free degrees of freedom
    energy = (right**2).sum()
    fitted = first**2 / np.maximum(values, 1e-12 * values.max())[:, None] if is_narrow else first**2
    best, least = PENALTIES[0], np.inf
    for penalty in PENALTIES:
        shrunk = values / (values + penalty * unit)
        residual = energy - (fitted * (1 - (1 - shrunk[:, None]) ** 2)).sum()
        freedom = 1 - (shrunk.sum() + 1) / len(x)
        if freedom > 0 and (score := residual / freedom**2) < least:
            best, least = penalty, score
    predicted: Doubles = source @ (target / (values + best * unit)[:, None]) + centre
    return predicted
