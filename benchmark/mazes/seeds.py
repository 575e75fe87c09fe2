"""Seeds from names. A file of its own, so that whoever only names mazes does not wait for Numba."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def seeds(name: str, n: int) -> NDArray[np.uint64]:
    """`n` seeds of 64 bits that belong to a name: the sha512 of the name and a count, eight at a time."""
    blocks = (hashlib.sha512(f"{name}/{number}".encode()).digest() for number in range(-(-n // 8)))
    return np.frombuffer(b"".join(blocks), ">u8").astype(np.uint64)[:n]
