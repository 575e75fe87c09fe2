"""The eight rotations and reflections of a layout, and its canonical form: one name for all eight."""

from __future__ import annotations

import hashlib

import numpy as np

from .maze import DOWN, LEFT, RIGHT, UP, Maze, Walls

# where the bits of a mask go when the lattice is mirrored left to right, and when rows and columns change places
_MIRRORED = np.array([m & (UP | DOWN) | (m & LEFT) << 1 | (m & RIGHT) >> 1 for m in range(16)], np.uint8)
_TRANSPOSED = np.array([(m & (UP | DOWN)) << 2 | (m & (LEFT | RIGHT)) >> 2 for m in range(16)], np.uint8)


def mirror(walls: Walls) -> Walls:
    """The layout mirrored left to right."""
    return _MIRRORED[walls[:, ::-1]]


def transpose(walls: Walls) -> Walls:
    """The layout with rows and columns exchanged (a reflection on its main diagonal)."""
    return _TRANSPOSED[walls.T]


def symmetries(walls: Walls) -> list[Walls]:
    """The eight images of a layout under rotation and reflection, itself first; some may be equal."""
    images = [walls]
    for step in (mirror, transpose, mirror, transpose, mirror, transpose, mirror):
        images.append(step(images[-1]))
    return images


def images(maze: Maze) -> list[Maze]:
    """The eight images of a maze, its ends turned with it, in the order of `symmetries`."""
    start, goal, found = maze.start, maze.goal, []
    for number, walls in enumerate(symmetries(maze.walls)):
        if number % 2 == 1:  # mirrored
            start, goal = ((row, walls.shape[1] - 1 - col) for row, col in (start, goal))
        elif number:  # transposed
            start, goal = ((col, row) for row, col in (start, goal))
        found.append(Maze(np.ascontiguousarray(walls), start, goal))
    return found


def canonical(walls: Walls) -> bytes:
    """The same bytes for all eight images of a layout, and for no other layout."""
    return min(bytes(image.shape) + image.tobytes() for image in symmetries(walls))


def layout_digest(walls: Walls) -> str:
    """The sha256 of the canonical form: the same for all eight images, on every machine."""
    return hashlib.sha256(canonical(walls)).hexdigest()
