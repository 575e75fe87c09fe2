"""The statistics of the reports: pure functions, each with its source."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion, as (low, high) shares of 1 (Wilson 1927).

        centre = (p + z^2 / 2n) / (1 + z^2 / n)
        half   = z / (1 + z^2 / n) * sqrt(p (1 - p) / n + z^2 / 4n^2)

    With n = 0 nothing is known: (0, 1). Raises ValueError unless 0 <= successes <= n and 0 < level < 1.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is no proportion: give 0 <= successes <= n")
    if not 0 < level < 1:
        raise ValueError(f"a level of {level} is none: give a share of 1, such as 0.95")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # where all or none succeeded, the end of the interval is exactly 1 or 0, which rounding can miss
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)
