"""The statistics of the reports: pure functions, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb, expm1, fsum, inf, isinf, log, sqrt
from statistics import NormalDist


def wilson(successes: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion, as (low, high) shares of 1 (Wilson 1927).

        centre = (p + z^2 / 2n) / (1 + z^2 / n)
        half   = z / (1 + z^2 / n) * sqrt(p (1 - p) / n + z^2 / 4n^2)

    Successes may be fractions: of cases that were tried several times, each counts with its share. Tries of one case
    are no trials of their own, so the interval is that of n cases, and at least as wide as it need be.
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


def pass_at(k: int, n: int, right: int) -> float:
    """pass@k: how likely one of k tries is right, of which n were made and `right` were (Chen et al. 2021, unbiased).

        1 - C(n - right, k) / C(n, k)

    Raises ValueError unless 1 <= k <= n and 0 <= right <= n.
    """
    _check_tries(k, n, right)
    return 1 - comb(n - right, k) / comb(n, k)


def pass_all(k: int, n: int, right: int) -> float:
    """pass^k: how likely all of k tries are right (Yao et al. 2024, unbiased): C(right, k) / C(n, k).

    Raises ValueError unless 1 <= k <= n and 0 <= right <= n.
    """
    _check_tries(k, n, right)
    return comb(right, k) / comb(n, k)


def _check_tries(k: int, n: int, right: int) -> None:
    if not 1 <= k <= n or not 0 <= right <= n:
        raise ValueError(f"k = {k} of n = {n} tries, {right} of them right: give 1 <= k <= n and 0 <= right <= n")


def mover(parts: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The mean of several independent estimates and its interval, from theirs (MOVER, Zou and Donner 2008).

        low = mean - sqrt(sum (estimate - low)^2) / k        high likewise

    Each part is (estimate, low, high); so is what is returned. Raises ValueError where there are no parts.
    """
    if not parts:
        raise ValueError("a mean of nothing: give at least one estimate")
    k = len(parts)
    mean = fsum(part[0] for part in parts) / k
    down, up = (sqrt(fsum((part[0] - part[side]) ** 2 for part in parts)) / k for side in (1, 2))
    return mean, mean - down, mean + up


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """The mean of independent values and its interval (central limit theorem): mean -+ z * s / sqrt(n).

    Where a maze was asked several times, its own mean is the value: the standard error is then the clustered one of
    Miller 2024 (arXiv 2411.00640, section 2.2) for clusters of one size. A single value says nothing of its error:
    its interval is all numbers. Raises ValueError where there are no values.
    """
    if not values:
        raise ValueError("a mean of nothing: give at least one value")
    n, mean = len(values), fsum(values) / len(values)
    if n == 1:
        return mean, -inf, inf
    error = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1) / n)
    half = NormalDist().inv_cdf((1 + level) / 2) * error
    return mean, mean - half, mean + half


def mean_below(values: Sequence[float]) -> float:
    """How likely so low a mean is by chance where the true one is 0: the p-value of the one-sided z-test."""
    mean, low, _ = mean_interval(values, level=0.6826894921370859)  # one standard error to each side
    if isinf(low):
        return 1.0
    error = mean - low
    return NormalDist().cdf(mean / error) if error else (0.0 if mean < 0 else 1.0)


def mcnemar(broke: int, fixed: int) -> float:
    """How likely at least so many of the cases that changed are broken ones, where nothing got worse.

    The exact test of McNemar 1947, one-sided: of broke + fixed cases each is broken with probability 1/2.
    """
    changed = broke + fixed
    return sum(comb(changed, count) for count in range(broke, changed + 1)) / (1 << changed)


def paired_difference(both: int, broke: int, fixed: int, neither: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of the change in a share, second minus first, on the same cases (Newcombe 1998, method 10).

    It squares and adds the halves of both shares' Wilson intervals, less what they have in common by their
    correlation phi, which is corrected for continuity. `broke` cases succeeded the first time only, `fixed` ones the
    second time only. Raises ValueError where there are no cases.
    """
    n = both + broke + fixed + neither
    if not n:
        raise ValueError("a difference of nothing: give at least one case")
    first, second = (both + broke) / n, (both + fixed) / n
    (low_1, high_1), (low_2, high_2) = wilson(both + broke, n, level), wilson(both + fixed, n, level)
    product = (both + broke) * (fixed + neither) * (both + fixed) * (broke + neither)
    cross = both * neither - broke * fixed
    phi = 0.0
    if product:
        phi = (max(cross - n / 2, 0) if cross > 0 else cross) / sqrt(product)

    def half(one: float, other: float) -> float:
        return sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))

    change = second - first
    return change - half(second - low_2, high_1 - first), change + half(high_2 - second, first - low_1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, adjusted for their number so that any false alarm at all has the level's chance (Holm 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, most = [0.0] * len(order), 0.0
    for place, at in enumerate(order):
        most = max(most, min(1.0, (len(order) - place) * p_values[at]))
        adjusted[at] = most
    return adjusted


def power(drop: float, n: int, noise: float, margin: float = 0.0, alpha: float = 0.05) -> float:
    """How likely n paired cases show a true drop as worse: significant in `mcnemar`, and beyond the margin.

        psi   = drop + 2 noise                                  the share of cases that change
        limit = max(margin, (z sqrt(psi n) + 1) / n)            the smallest drop that is called worse
        power = Phi((drop - limit) / sqrt((psi - drop^2) / n))

    Connor 1987, with 1/n for the continuity of the exact test. `noise` is the share of cases that get fixed all the
    same; all are shares of 1. Raises ValueError for impossible shares.
    """
    if not (0 <= drop <= 1 and 0 <= noise <= 1 and n > 0 and 0 < alpha < 1):
        raise ValueError(f"drop {drop}, noise {noise}, n {n}, alpha {alpha}: give shares of 1, and some cases")
    psi = min(1.0, drop + 2 * noise)
    limit = max(margin, (-NormalDist().inv_cdf(alpha) * sqrt(psi * n) + 1) / n)
    spread = sqrt(max(psi - drop * drop, 0.0) / n)
    if not spread:
        return float(drop > limit)
    return NormalDist().cdf((drop - limit) / spread)


def smallest_drop(n: int, noise: float, margin: float = 0.0, alpha: float = 0.05, wanted: float = 0.8) -> float | None:
    """The smallest true drop that n paired cases show as worse with the wanted power; None where there is none."""
    low, high = 0.0, 1.0
    if power(high, n, noise, margin, alpha) < wanted:
        return None
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, n, noise, margin, alpha) >= wanted else (middle, high)
    return high


def length_scale(paths: Sequence[tuple[int, bool]], level: float = 0.95) -> tuple[float, float, float]:
    """The path length over which the share of solved mazes falls by a factor e, and its interval.

        P(solved) = exp(-length / scale)

    as if each step went right with the same probability exp(-1 / scale): a binomial regression with a logarithmic link
    through the origin. Each path is (its shortest length, whether it was solved). The estimate has the largest
    likelihood, the interval is that of the likelihood ratio (Wilks 1938). Where all were solved, scale and upper end
    are infinite; where none was, scale and lower end are 0. Raises ValueError for lengths below 1, and for no paths.
    """
    if not paths or min(length for length, _ in paths) < 1:
        raise ValueError("a length scale needs paths of at least one move")
    right = sum(length for length, solved in paths if solved)
    wrong = [length for length, solved in paths if not solved]

    def likelihood(rate: float) -> float:
        return -rate * right + fsum(log(-expm1(-rate * length)) for length in wrong)

    def slope(rate: float) -> float:
        return -right + fsum(length / expm1(rate * length) for length in wrong)

    def between(low: float, high: float, is_low: Callable[[float], bool]) -> float:
        for _ in range(200):
            middle = sqrt(low * high)
            low, high = (middle, high) if is_low(middle) else (low, middle)
        return sqrt(low * high)

    least, most = 1e-12, 30.0  # rates: scales of 10^12 and of 1/30 moves stand for infinity and 0
    half = NormalDist().inv_cdf((1 + level) / 2) ** 2 / 2
    if not wrong:
        return inf, 1 / (half / right), inf
    rate = between(least, most, lambda rate: slope(rate) > 0) if right else most
    enough = (likelihood(rate) if right else 0.0) - half
    lowest = between(least, rate, lambda rate: likelihood(rate) < enough)
    if not right:
        return 0.0, 0.0, 1 / lowest
    return 1 / rate, 1 / between(rate, most, lambda rate: likelihood(rate) > enough), 1 / lowest
