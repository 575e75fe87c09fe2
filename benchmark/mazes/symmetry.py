"""The eight rotations and reflections of a layout, and a canonical form that is the same for all eight."""

from __future__ import annotations

import hashlib

import numpy as np

from .maze import DOWN, LEFT, RIGHT, UP, Maze, Walls

# the mask of a cell after mirroring left to right, and after exchanging rows and columns
_MIRRORED = np.array([m & (UP | DOWN) | (m & LEFT) << 1 | (m & RIGHT) >> 1 for m in range(16)], np.uint8)
_TRANSPOSED = np.array([(m & (UP | DOWN)) << 2 | (m & (LEFT | RIGHT)) >> 2 for m in range(16)], np.uint8)


def mirror(walls: Walls) -> Walls:
    """Return the layout mirrored left to right."""
    return _MIRRORED[walls[:, ::-1]]


def transpose(walls: Walls) -> Walls:
    """Return the layout with rows and columns exchanged (a reflection at the main diagonal)."""
    return _TRANSPOSED[walls.T]


def symmetries(walls: Walls) -> list[Walls]:
    """Return the eight images of a layout under rotation and reflection, itself first; some may be equal."""
    images = [walls]
    for step in (mirror, transpose, mirror, transpose, mirror, transpose, mirror):
        images.append(step(images[-1]))
    return images


def images(maze: Maze) -> list[Maze]:
    """Return the eight images of a maze with its start and goal, in the order of `symmetries`."""
    start, goal, turned = maze.start, maze.goal, []
    for number, walls in enumerate(symmetries(maze.walls)):
        if number % 2 == 1:  # mirrored
            start, goal = ((row, walls.shape[1] - 1 - col) for row, col in (start, goal))
        elif number:  # transposed
            start, goal = ((col, row) for row, col in (start, goal))
        turned.append(Maze(np.ascontiguousarray(walls), start, goal))
    return turned


def canonical(walls: Walls) -> bytes:
    """Return bytes that are the same for all eight images of a layout, and different for every other layout."""
    return min(bytes(image.shape) + image.tobytes() for image in symmetries(walls))


def layout_digest(walls: Walls) -> str:
    """Return the sha256 of the canonical form, which is the same for all eight images and on every machine."""
    return hashlib.sha256(canonical(walls)).hexdigest()
