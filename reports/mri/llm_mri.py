"""LLM-MRI (Costa et al. 2024) for our activations: its reducers, graphs of neural regions, heat maps and metrics.

A region is a cell of a grid over two components of the states of a layer. An edge joins two regions of consecutive
layers that the same text visits. Both checkpoints share one basis and one grid, so that their graphs are comparable.

The package is used through its own classes, with workarounds for these defects of version 0.2.1:

1. it reads the first token, which under a causal mask is the same for every text (seen: std 0.0 in every layer), loads
   the model from a path again for every 1,000 texts, and caches by path: states come from `scan`, through `Areas`
2. with datasets >= 4 its reducers get a `Column` and fail (TypeError in torch.linalg.svd): `_Table` gives tensors
3. a layer that does not vary fails in its PCA (shape of passed values): such layers are left out, with a note
4. two graphs composed keep one weight where both have an edge (27 of 39 lost): see `reports.render.llm_mri`
5. its picture draws a count of 256 texts 384 points wide, and fails without edges: see `reports.render.llm_mri`
6. `center_of_strength` is always NaN, projections always raise: they are not used
7. its UMAP ignores the seed: it is optional, and its figures differ from run to run
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .similarity import varies

GRID = 10
SWAPS = 200
METRICS = ("mean_degree", "var_degree", "mean_strength", "assortativity", "density", "center_of_mass")

Floats = NDArray[np.floating]


class MissingError(Exception):
    """LLM-MRI cannot be imported; the message says why."""


@dataclass(frozen=True)
class Graphs:
    """The graphs of two checkpoints and their overlap."""

    reducer: str
    is_centred: bool
    """Whether the mean of each checkpoint was subtracted first. Otherwise a common shift alone separates the two."""
    layers: tuple[int, ...]
    """The layers that vary."""
    overlap: list[float]
    """The weighted Jaccard of the edges that begin in each layer: 1 the same, 0 none in common."""
    chance: list[tuple[float, float, float]]
    """The overlap when the two states of each text are swapped at random: mean, 2.5 % and 97.5 % quantile."""
    p: list[float]
    """The p-value of the overlap under such swaps: the share of swaps with an overlap as small."""
    metrics: dict[str, dict[str, float]]
    """The metrics of LLM-MRI by checkpoint (`base`, `tuned`)."""
    separable: float
    """The result of LLM-MRI's Evaluation: the accuracy with which a classifier separates the two checkpoints by the
    states of the last layer, minus the accuracy by the reduced states of all layers."""
    areas: Any
    """The object of LLM-MRI with which its pictures are drawn."""


def graphs(base: Sequence[Floats], tuned: Sequence[Floats], reducer: str = "SVD", centre: bool = True) -> Graphs:
    """Compute the graphs of both checkpoints and their overlap.

    `base` and `tuned` are the states of all layers, each of shape (texts, width). Raises MissingError without LLM-MRI.
    """
    package = _package()
    varying = tuple(
        layer for layer, pair in enumerate(zip(base, tuned, strict=True)) if varies(pair[0]) and varies(pair[1])
    )
    pairs = [(_rows(base[layer], centre), _rows(tuned[layer], centre)) for layer in varying]
    labels = np.repeat([0, 1], len(base[0]))
    table = _Table([np.concatenate(pair) for pair in pairs], labels)

    class Areas(package.ActivationAreas):  # type: ignore[misc, name-defined]
        """LLM-MRI's main class, given states in place of a model's path."""

        def __init__(self) -> None:
            self.class_names = ["base", "tuned"]
            self.reduction_method = getattr(package.dimensionality_reduction, reducer)(
                n_components=2, gridsize=GRID, random_state=42
            )
            self.hidden_states_dataset = self.dataset = table
            self.num_layers = len(pairs)

        def process_activation_areas(self) -> None:
            self.reduced_dataset = self.reduction_method.get_hidden_states_reduction(self.hidden_states_dataset)
            self.graph_class = package.graph.Graph2D(
                n_components=2, hidden_states=self.hidden_states_dataset, gridsize=GRID, class_names=self.class_names,
                reduction_method=self.reduction_method, num_layers=self.num_layers,
            )  # fmt: skip

    areas = Areas()
    with quieted():
        areas.process_activation_areas()
        each = {name: areas.get_graph(name) for name in areas.class_names}
        metrics = {
            name: package.Metrics(graph, label=name, model_name=name).get_basic_metrics()
            for name, graph in each.items()
        }
        evaluation = package.Evaluation(areas).evaluate_model(n_splits=3, metrics="accuracy")
    separable = evaluation["delta"]["accuracy"]["mean"]
    grids = [frame.cell_label.to_numpy() for frame in areas.graph_class.reduced_dataset]
    overlap, chance, p = _overlaps(grids, len(base[0]))
    return Graphs(
        reducer,
        centre,
        varying,
        overlap,
        chance,
        p,
        {name: {figure: float(values[figure]) for figure in METRICS} for name, values in metrics.items()},
        float(separable),
        areas,
    )


@contextmanager
def quieted() -> Iterator[None]:
    """Suppress the progress bars of LLM-MRI, and the warnings of umap and pandas."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _package() -> Any:
    """LLM-MRI. Raises MissingError where it cannot be imported."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    try:
        with quieted():
            import llm_mri
            import llm_mri.dimensionality_reduction
            import llm_mri.graph
    except (ImportError, OSError) as error:
        raise MissingError(
            f"LLM-MRI cannot be used: {error}. Install it: pip install --no-deps llm-mri==0.2.1"
        ) from error
    return llm_mri


def _rows(states: Floats, centre: bool) -> NDArray[np.float32]:
    rows = np.asarray(states, np.float32)
    return rows - rows.mean(0) if centre else rows


class _Table:
    """States with the interface of the dataset that LLM-MRI expects."""

    def __init__(self, layers: Sequence[NDArray[np.float32]], labels: NDArray[np.int64]) -> None:
        self._columns = {f"hidden_state_{at}": rows for at, rows in enumerate(layers)} | {"label": labels}
        self.column_names = list(self._columns)

    def __getitem__(self, name: str) -> Any:
        return torch.from_numpy(self._columns[name])


def _overlaps(grids: Sequence[Any], n: int) -> tuple[list[float], list[tuple[float, float, float]], list[float]]:
    """The overlap of both graphs from each layer to the next, its distribution under random swaps, and its p-value.

    `grids` has, for each layer, the region of each state: those of the base for n texts, then those of the tuned. If
    fine-tuning changed nothing, the two states of a text could be exchanged, which the swaps do at random.
    """
    random = np.random.default_rng(0)
    swaps = random.random((SWAPS, n)) < 0.5
    overlap, chance, p = [], [], []
    for lower, upper in pairwise(grids):
        _, edges = np.unique(np.char.add(np.char.add(lower.astype(str), " "), upper.astype(str)), return_inverse=True)
        size = edges.max() + 1
        first, second = edges[:n], edges[n:]

        def shared(is_swapped: Any, first: Any = first, second: Any = second, size: int = size) -> float:
            a = np.bincount(np.where(is_swapped, second, first), minlength=size)
            b = np.bincount(np.where(is_swapped, first, second), minlength=size)
            return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())

        observed = shared(np.zeros(n, bool))
        swapped = np.array([shared(is_swapped) for is_swapped in swaps])
        overlap.append(observed)
        low, high = np.quantile(swapped, [0.025, 0.975])
        chance.append((float(swapped.mean()), float(low), float(high)))
        p.append(float((1 + (swapped <= observed + 1e-12).sum()) / (SWAPS + 1)))
    return overlap, chance, p
