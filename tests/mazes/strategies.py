"""Mazes for hypothesis, and the same mazes as networkx sees them."""

import networkx as nx
from hypothesis import strategies as st

from benchmark.mazes.generate import GENERATORS, generate
from benchmark.mazes.maze import DOWN, RIGHT

seeds = st.integers(0, 2**64 - 1)
sizes = st.integers(2, 14)
mazes = st.builds(generate, st.sampled_from(GENERATORS), sizes, sizes, seeds)


def graph(walls):
    """The cells as nodes, an edge where no wall stands; reads only the right and lower sides."""
    rows, cols = walls.shape
    found = nx.Graph()
    found.add_nodes_from((row, col) for row in range(rows) for col in range(cols))
    for row in range(rows):
        for col in range(cols):
            if not walls[row, col] & RIGHT:
                found.add_edge((row, col), (row, col + 1))
            if not walls[row, col] & DOWN:
                found.add_edge((row, col), (row + 1, col))
    return found
