"""LLM-MRI's own pictures of two graphs.

Two defects of its release 0.2.1 are worked round here: of two composed graphs one weight is lost where both have an
edge, so edges are given the difference of both; an edge of 256 texts is drawn 384 points wide, so weights are scaled.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from reports.mri.llm_mri import GRID, Graphs, quieted

WIDEST = 6.0
"""The greatest weight of an edge that LLM-MRI draws well; it draws one and a half times as many points."""


def draw(graphs: Graphs) -> dict[str, str]:
    """LLM-MRI's picture of the difference of both graphs, and its heat maps of the last layer: PNG, in base64.

    They go by `graph` (missing where the graphs do not differ) and the name of the layer.
    """
    with quieted():
        return _draw(graphs.areas, graphs.layers)


def _draw(areas: Any, layers: tuple[int, ...]) -> dict[str, str]:
    each = {name: areas.get_graph(name) for name in areas.class_names}
    pictures = {}
    apart = _difference(areas, each)
    if apart.number_of_edges():
        pictures["graph"] = _png(areas.get_graph_image(apart, colormap="coolwarm"), 60)
    at = len(layers) - 1
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for panel, name in zip(axes, each, strict=False):
        plt.sca(panel)
        areas.get_grid(at, name)
        panel.set_title(f"layer {layers[at]}: {name}")
    counts = [_counts(areas.graph_class.reduced_dataset[at], label) for label in (0, 1)]
    most = max(1, int(np.abs(counts[1] - counts[0]).max()))
    image = axes[2].imshow(counts[1] - counts[0], cmap="coolwarm", vmin=-most, vmax=most, origin="lower")
    axes[2].set(title="texts more (red) or fewer (blue)", xlabel="X", ylabel="Y")
    figure.colorbar(image, ax=axes[2])
    pictures[f"layer {layers[at]}"] = _png(figure, 70)
    return pictures


def _difference(areas: Any, each: dict[str, Any]) -> Any:
    """Both graphs laid on each other: an edge belongs to the checkpoint with more texts on it, and has so many more."""
    both = areas.get_graph(list(each))
    for a, b in list(both.edges):
        before, after = (graph.get_edge_data(a, b, {"weight": 0})["weight"] for graph in each.values())
        if before == after:
            both.remove_edge(a, b)
        else:
            both.edges[a, b].update(weight=abs(after - before), label=int(after > before))
    heaviest = max((weight for _, _, weight in both.edges(data="weight")), default=1)
    for _, _, edge in both.edges(data=True):
        edge["weight"] *= WIDEST / heaviest
    return both


def _counts(frame: Any, label: int) -> NDArray[np.int64]:
    """Texts in each region of one checkpoint, shape (GRID, GRID): rows are Y."""
    counts = np.zeros((GRID, GRID), int)
    texts = frame[frame.label == label]
    np.add.at(counts, (texts.Y.to_numpy(), texts.X.to_numpy()), 1)
    return counts


def _png(figure: Any, dpi: int) -> str:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(out.getvalue()).decode()
