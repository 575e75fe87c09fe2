"""What can be read off hidden states by a linear map: where S and G are, where walls stand, which way to go.

A probe is ridge regression on standardized states, by cross-validation over mazes: no maze is both learned from and
asked about. Beside each probe stand what a reader has to know to believe it: what the same probe reads where the mazes'
labels are exchanged (cell by cell among mazes of one size, so that what the place alone tells stays), what it reads
where labels are made up (the control task of Hewitt and Liang 2019), and what it reads off a model that nobody trained.
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
"""Of ridge regression, as multiples of the mean variance of the states; the best is chosen by what is left out of each
training set in turn (generalized cross-validation, Golub, Heath and Wahba 1979)."""
CELLS = 12
"""Of each maze that cell probes look at; the same in all mazes of one size."""


@dataclass(frozen=True)
class Target:
    """What a probe is to read."""

    name: str
    place: str
    """Off which states: one of `scan.PLACES`, or `cells`."""
    labels: NDArray[np.int64]
    """Shape (rows, questions): a class for each, or -1 where a row is not asked."""
    what: str
    taught: tuple[str, ...] = ()
    """What of `models.nano.taught.WORDS` makes it readable in a model that was taught that."""


@dataclass(frozen=True)
class Reading:
    """What one probe reads off one layer. Shares are of right answers, from 0 to 1."""

    target: str
    place: str
    layer: int
    share: float
    low: float
    high: float
    exchanged: float
    """The mean share where mazes have exchanged their labels."""
    p: float
    """How likely so high a share is where labels are exchanged."""
    control: float
    """The share of a task whose labels were made up."""


def targets(probes: ProbeSet) -> list[Target]:
    """What all TASKS ask of these texts; of the cells, those that are looked at."""
    chosen = choose_cells(probes)
    made = []
    for name, task in TASKS.items():
        labels = task.label(probes)
        if task.place == "cells":
            labels = np.where(chosen[:, None], labels, -1)
        made.append(Target(name, task.place, labels, task.summary, task.taught))
    return made


def choose_cells(probes: ProbeSet) -> NDArray[np.bool_]:
    """Which cells are looked at, of those of all texts one after the other."""
    found = []
    for probe in probes.probes:
        n = len(probe.cells)
        chosen = np.zeros(n, bool)
        chosen[np.random.default_rng(n).permutation(n)[:CELLS]] = True
        found.append(chosen)
    return np.concatenate(found)


def read_layers(
    states: Sequence[Floats], target: Target, owner: NDArray[np.int64], exchanges: int = EXCHANGES, seed: int = 0
) -> list[Reading]:
    """What a probe reads off each layer; `states` are its rows in each, `owner` says of which maze a row is.

    Layers that do not vary are left out. Without `exchanges` (0) nothing is known of chance, which is NaN.
    """
    asked = (target.labels >= 0).all(1)
    labels, mazes = target.labels[asked], owner[asked]
    random = np.random.default_rng(seed)
    columns = [labels, random.integers(0, labels.max(0) + 1, labels.shape)]
    columns += [_exchanged(labels, mazes, random) for _ in range(exchanges)]
    folds = random.permutation(mazes.max() + 1)[mazes] % FOLDS
    flat = np.concatenate(columns, 1)
    begins = np.r_[0, np.cumsum(np.concatenate([one.max(0) + 1 for one in columns]))]
    hot = np.zeros((len(flat), begins[-1]))  # of all questions a column for each class
    hot[np.arange(len(flat))[:, None], begins[:-1] + flat] = 1
    found = []
    for layer, whole in enumerate(states):
        rows = np.asarray(whole[asked], float)
        if not varies(rows):
            continue
        right = _right(rows, flat, hot, begins, folds, labels.shape[1])
        share, low, high = mean_interval(
            np.bincount(mazes, right[0])[np.unique(mazes)] / np.bincount(mazes)[np.unique(mazes)]
        )
        shares = [float(one.mean()) for one in right]
        p = (1 + sum(one >= shares[0] for one in shares[2:])) / (exchanges + 1) if exchanges else float("nan")
        exchanged = float(np.mean(shares[2:])) if exchanges else float("nan")
        found.append(Reading(target.name, target.place, layer, share, low, high, exchanged, p, shares[1]))
    return found


def _exchanged(labels: NDArray[np.int64], mazes: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """The labels of other mazes with as many rows, row by row."""
    begins = np.flatnonzero(np.r_[True, mazes[1:] != mazes[:-1]])
    sizes = np.diff(np.r_[begins, len(mazes)])
    source = np.arange(len(mazes))
    for size in np.unique(sizes):
        of_size = begins[sizes == size]
        for to, start in zip(of_size, random.permutation(of_size), strict=True):
            source[to : to + size] = np.arange(start, start + size)
    return labels[source]


def _right(
    rows: Doubles,
    flat: NDArray[np.int64],
    hot: Doubles,
    begins: NDArray[np.int64],
    folds: NDArray[np.int64],
    width: int,
) -> list[Doubles]:
    """For each set of labels (of `width` questions) the share of its questions that is answered right, of each row.

    `flat` are the classes of all sets, `hot` the same as columns of 0 and 1, which begin at `begins`. All sets share a
    decomposition of the states and the penalty that is best for the first.
    """
    answered = np.empty_like(flat)
    for fold in range(FOLDS):
        told = folds != fold
        scores = ridge(rows[told], hot[told], rows[~told], begins[width])
        for at in range(flat.shape[1]):
            answered[~told, at] = scores[:, begins[at] : begins[at + 1]].argmax(1)
    hits = answered == flat
    return [hits[:, at : at + width].mean(1) for at in range(0, flat.shape[1], width)]


def ridge(known: Floats, wanted: Floats, asked: Floats, of_first: int | None = None) -> Doubles:
    """What ridge regression from `known` (rows, width) to `wanted` (rows, columns) says of the rows `asked`.

    Columns of `known` are standardized; the penalty is the one of PENALTIES that is best for the first columns.
    """
    mean, scale = known.mean(0), known.std(0)
    scale = np.where(scale > 1e-9 * max(1.0, float(np.abs(mean).max())), scale, np.inf)
    one, other = (known - mean) / scale, (asked - mean) / scale
    centre = wanted.mean(0)
    right = wanted[:, :of_first] - centre[:of_first]
    is_narrow = one.shape[1] <= one.shape[0]
    if is_narrow:
        values, vectors = np.linalg.eigh(one.T @ one)
        values = values.clip(min=0)
        target, source = vectors.T @ (one.T @ wanted), other @ vectors  # `one` is centred, so `wanted` need not be
    else:
        values, vectors = np.linalg.eigh(one @ one.T)
        values = values.clip(min=0)
        target = vectors.T @ wanted - np.outer(vectors.sum(0), centre)
        source = other @ (one.T @ vectors)
    unit = max(float(values.sum()) / one.shape[1], 1e-12)
    first = target[:, :of_first]
    # what is left of the first columns on the rows that are known, per degree of freedom that is left
    energy = (right**2).sum()
    fitted = first**2 / np.maximum(values, 1e-12 * values.max())[:, None] if is_narrow else first**2
    best, least = PENALTIES[0], np.inf
    for penalty in PENALTIES:
        shrunk = values / (values + penalty * unit)
        left = energy - (fitted * (1 - (1 - shrunk[:, None]) ** 2)).sum()
        freedom = 1 - (shrunk.sum() + 1) / len(one)
        if freedom > 0 and (score := left / freedom**2) < least:
            best, least = penalty, score
    found: Doubles = source @ (target / (values + best * unit)[:, None]) + centre
    return found
