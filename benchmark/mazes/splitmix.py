"""Random numbers that are the same on every machine and with every version of every library.

SplitMix64 (Steele, Lea and Flood 2014): each number is the value of a mixing function for a counter, which is increased
by GOLDEN each time. The seed is the first value of the counter.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, inline="always")
def mix(state: np.uint64) -> np.uint64:
    """Return 64 random bits for a state of the counter."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(z ^ (z >> np.uint64(31)))


@njit(cache=True, inline="always")
def below(state: np.uint64, n: int) -> int:
    """Return a random number in [0, n) for a state of the counter.

    It is the high half of (high 32 bits) * n; the bias of each number is below n / 2**32.
    """
    return int(((mix(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit(cache=True, inline="always")
def chance(state: np.uint64, share: float) -> bool:
    """Return True with probability `share`."""
    return bool((mix(state) >> np.uint64(11)) * 2.0**-53 < share)
