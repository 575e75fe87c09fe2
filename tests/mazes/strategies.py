"""Mazes for hypothesis, and the same mazes as networkx sees them."""

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from benchmark.mazes.errors import MazeError
from benchmark.mazes.generate import GENERATORS, generate
from benchmark.mazes.maze import DOWN, RIGHT

TREES = ("dfs", "prim", "kruskal", "wilson", "division")

seeds = st.integers(0, 2**64 - 1)
sizes = st.integers(2, 14)


def _maze(generator, rows, cols, seed):
    """A maze of that seed, or of the next that has a way somewhere; percolation may have none."""
    while True:
        try:
            return generate(generator, rows, cols, seed)
        except MazeError:
            assert generator == "percolation"
            seed = (seed + 1) % 2**64


mazes = st.builds(_maze, st.sampled_from(list(GENERATORS)), sizes, sizes, seeds)
trees = st.builds(_maze, st.sampled_from(TREES), sizes, sizes, seeds)


def graph(walls):
    """The cells as nodes, an edge where no wall stands; reads only the right and lower sides."""
    rows, cols = walls.shape
    found = nx.Graph()
    found.add_nodes_from(np.ndindex(rows, cols))
    found.add_edges_from(((r, c), (r, c + 1)) for r, c in np.argwhere(walls & RIGHT == 0).tolist())
    found.add_edges_from(((r, c), (r + 1, c)) for r, c in np.argwhere(walls & DOWN == 0).tolist())
    return found
