"""Which layouts are for measuring and which are for training: one rule, decided by the layout itself.

A hash of a layout's canonical form, the same for all its rotations and reflections, reserves a quarter of all layouts
for suites. Training never sees one of these, whatever its generator, size or length, and no list has to be kept: the
suite of today, a suite of tomorrow and any held-out set are apart from all training that was ever done.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .maze import DOWN, LEFT, RIGHT, UP, Walls
from .splitmix import GOLDEN, mix

SHARE = 4  # one layout in so many is reserved


@njit(cache=True)
def _image(walls: Walls, image: int, out: NDArray[np.uint8]) -> None:
    """One of the eight images of a layout, flattened: bit 0 of `image` flips rows, bit 1 columns, bit 2 transposes."""
    rows, cols = walls.shape
    tall, wide = (cols, rows) if image & 4 else (rows, cols)
    for r in range(tall):
        for c in range(wide):
            row, col = (c, r) if image & 4 else (r, c)
            row = rows - 1 - row if image & 1 else row
            col = cols - 1 - col if image & 2 else col
            mask = int(walls[row, col])
            if image & 1:
                mask = (mask & (LEFT | RIGHT)) | (mask & UP) << 1 | (mask & DOWN) >> 1
            if image & 2:
                mask = (mask & (UP | DOWN)) | (mask & LEFT) << 1 | (mask & RIGHT) >> 1
            if image & 4:
                mask = (mask & (UP | DOWN)) << 2 | (mask & (LEFT | RIGHT)) >> 2
            out[r * wide + c] = mask


@njit(cache=True)
def _canonical(walls: Walls, best: NDArray[np.uint8], image: NDArray[np.uint8]) -> None:
    """The first of the eight images in the order of their bytes, the flatter shape before the taller."""
    rows, cols = walls.shape
    first = True
    for number in range(8):
        if (rows > cols and number < 4) or (rows < cols and number >= 4):
            continue
        _image(walls, number, image)
        smaller = first
        if not first:
            for k in range(best.size):
                if image[k] != best[k]:
                    smaller = image[k] < best[k]
                    break
        if smaller:
            best[:] = image
            first = False


@njit(cache=True)
def _forms(walls: Walls) -> Walls:
    n, rows, cols = walls.shape
    forms = np.empty((n, rows * cols), np.uint8)
    image = np.empty(rows * cols, np.uint8)
    for i in range(n):
        _canonical(walls[i], forms[i], image)
    return forms


def forms(walls: Walls) -> Walls:
    """The canonical forms of N layouts, shape (N, cells): equal for the images of one layout, and for no others.

    What `symmetry.canonical` gives for one layout, for many at once; the layouts are of one shape, either way round.
    """
    found: Walls = _forms(walls)
    return found


@njit(cache=True)
def _hashes(forms: Walls, shape: int) -> NDArray[np.uint64]:
    hashes = np.empty(len(forms), np.uint64)
    for i in range(len(forms)):
        key, word = np.uint64(shape), np.uint64(0)
        for k in range(forms.shape[1]):  # sixteen cells to a word of 64 bits
            word = word << np.uint64(4) | np.uint64(forms[i, k])
            if k % 16 == 15 or k == forms.shape[1] - 1:
                key = mix((key ^ word) + GOLDEN)
                word = np.uint64(0)
        hashes[i] = key
    return hashes


def keys(walls: Walls) -> NDArray[np.uint64]:
    """A 64-bit hash for each of N layouts, walls of shape (N, rows, cols), the same for all eight images of one."""
    small, large = sorted(walls.shape[1:])
    found: NDArray[np.uint64] = _hashes(forms(walls), small * 1000 + large)
    return found


def reserved(walls: Walls) -> NDArray[np.bool_]:
    """Which of N layouts, walls of shape (N, rows, cols), are kept for suites."""
    kept: NDArray[np.bool_] = keys(walls) % np.uint64(SHARE) == 0
    return kept
