"""Splits all layouts into those for evaluation and those for training, by a hash of the layout itself.

The hash of a layout's canonical form, which is the same for all its rotations and reflections, reserves a quarter of
all layouts for suites. Training never uses a reserved layout, of any generator or size. No list of layouts is needed:
present and future suites have no layout in common with any training data.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .maze import DOWN, LEFT, RIGHT, UP, Walls
from .splitmix import GOLDEN, mix

SHARE = 4  # one of four layouts is reserved; another number would change suites and training data


@njit(cache=True)
def _image(walls: Walls, image: int, out: NDArray[np.uint8]) -> None:
    """Write one of the eight images of a layout to `out`, flattened.

    Bit 0 of `image` flips the rows, bit 1 the columns, and bit 2 transposes. The loop goes over the cells of the image:
    each is traced back to a cell of the layout, whose mask has its sides exchanged in the same way.
    """
    rows, cols = walls.shape
    image_rows, image_cols = (cols, rows) if image & 4 else (rows, cols)
    for r in range(image_rows):
        for c in range(image_cols):
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
            out[r * image_cols + c] = mask


@njit(cache=True)
def _canonical(walls: Walls, best: NDArray[np.uint8], image: NDArray[np.uint8]) -> None:
    """Write to `best` the first of the eight images in the order of their bytes.

    Of a layout that is not square, only the images with fewer rows than columns are compared, so that the result has
    one shape. `image` is a buffer of the same size.
    """
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
    """Return the canonical forms of N layouts of one shape, (N, rows, cols), as an array of shape (N, cells).

    Two layouts have equal forms if and only if one is a rotation or reflection of the other. This is
    `symmetry.canonical` for many layouts at once.
    """
    canonical_forms: Walls = _forms(walls)
    return canonical_forms


@njit(cache=True)
def _hashes(forms: Walls, shape: int) -> NDArray[np.uint64]:
    hashes = np.empty(len(forms), np.uint64)
    for i in range(len(forms)):
        # the shape is part of the hash: 3x4 and 4x3 layouts are images of each other, 2x6 layouts are not
        key, word = np.uint64(shape), np.uint64(0)
        for k in range(forms.shape[1]):  # a word of 64 bits has sixteen masks of four bits
            word = word << np.uint64(4) | np.uint64(forms[i, k])
            if k % 16 == 15 or k == forms.shape[1] - 1:
                key = mix((key ^ word) + GOLDEN)
                word = np.uint64(0)
        hashes[i] = key
    return hashes


def keys(walls: Walls) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each of N layouts (N, rows, cols), the same for all eight images of a layout."""
    small, large = sorted(walls.shape[1:])
    hashes: NDArray[np.uint64] = _hashes(forms(walls), small * 1000 + large)
    return hashes


def reserved(walls: Walls) -> NDArray[np.bool_]:
    """Return for each of N layouts (N, rows, cols) whether it is reserved for suites, as booleans of shape (N,)."""
    is_reserved: NDArray[np.bool_] = keys(walls) % np.uint64(SHARE) == 0
    return is_reserved
