"""The first move."""

from __future__ import annotations

import numpy as np

from benchmark.mazes.maze import MOVES
from models.data.search import shortest_moves
from reports.mri.probe_set import ProbeSet

from .task import Labels, ProbeTask


def _label(probes: ProbeSet) -> Labels:
    moves = list(MOVES)
    return np.array([[moves.index(shortest_moves(probe.maze)[0])] for probe in probes.probes])


FIRST_MOVE = ProbeTask("answer", "the first move of the shortest path that `sft` is taught", _label, ("looking",))
