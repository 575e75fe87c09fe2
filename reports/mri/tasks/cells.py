"""What is known of a cell: its walls, its distance to G, whether the path visits it."""

from __future__ import annotations

import numpy as np

from benchmark.mazes.maze import MOVES, Maze, follow
from benchmark.mazes.solve import distances
from models.data.search import shortest_moves
from reports.mri.probe_set import ProbeSet

from .task import Labels, ProbeTask


def _label_walls(probes: ProbeSet) -> Labels:
    return np.concatenate([_walls(probe.maze) for probe in probes.probes])


def _walls(maze: Maze) -> Labels:
    sides = np.array([side for side, _ in MOVES.values()])
    labels: Labels = ((maze.walls.ravel()[:, None] & sides) > 0).astype(np.int64)
    return labels


def _label_distance(probes: ProbeSet) -> Labels:
    return np.concatenate([_thirds(probe.maze) for probe in probes.probes])


def _thirds(maze: Maze) -> Labels:
    steps = distances(maze.walls, maze.goal).ravel()
    thirds: Labels = np.minimum(3 * steps // (steps.max() + 1), 2)[:, None]
    return thirds


def _label_path(probes: ProbeSet) -> Labels:
    return np.concatenate([_on_path(probe.maze) for probe in probes.probes])


def _on_path(maze: Maze) -> Labels:
    passed = set(follow(maze.start, shortest_moves(maze)))
    return np.array([[cell in passed] for cell in np.ndindex(maze.walls.shape)], int)


WALLS = ProbeTask(
    "cells", "whether a wall stands above, below, left and right of a cell, at its token", _label_walls, ("sided",)
)
DISTANCE = ProbeTask("cells", "which third of the distances to G a cell is in, at its token", _label_distance)
ON_PATH = ProbeTask("cells", "whether a cell is on that shortest path, at its token", _label_path)
