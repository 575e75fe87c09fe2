"""Where S and G are: row and column."""

from __future__ import annotations

import numpy as np

from reports.mri.probe_set import ProbeSet

from .task import Labels, ProbeTask

TAUGHT = ("lettered", "seeing")


def _label_start(probes: ProbeSet) -> Labels:
    return np.array([probe.maze.start for probe in probes.probes])


def _label_goal(probes: ProbeSet) -> Labels:
    return np.array([probe.maze.goal for probe in probes.probes])


START_BEFORE = ProbeTask("prompt", "row and column of S, at the end of the question", _label_start, TAUGHT)
GOAL_BEFORE = ProbeTask("prompt", "row and column of G, at the end of the question", _label_goal, TAUGHT)
GOAL_AFTER = ProbeTask("answer", "row and column of G, before the first move", _label_goal, TAUGHT)
