"""Seeds from names. A file of its own, without Numba, so that it is imported quickly."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def seeds(name: str, n: int) -> NDArray[np.uint64]:
    """Return `n` 64-bit seeds for a name: eight from each sha512 of the name and a counter."""
    blocks = (hashlib.sha512(f"{name}/{number}".encode()).digest() for number in range(-(-n // 8)))
    return np.frombuffer(b"".join(blocks), ">u8").astype(np.uint64)[:n]
