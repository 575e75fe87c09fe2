"""The statistics of the reports: pure functions, each with its source. Shares are from 0 to 1."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import comb, expm1, fsum, gcd, inf, log, sqrt
from statistics import NormalDist

FEWEST = 6
"""Cases without which no change is significant in a two-sided test at 5 %: 2 / 2^5 is more than that."""


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion, as (low, high) shares from 0 to 1 (Wilson 1927).

        centre = (p + z^2 / 2n) / (1 + z^2 / n)
        half   = z / (1 + z^2 / n) * sqrt(p (1 - p) / n + z^2 / 4n^2)

    Successes may be fractions: of cases that were tried several times, each counts with its share. Tries of one case
    are not independent, so the interval is that of n cases, which is wide enough.
    For n = 0 it is (0, 1). Raises ValueError unless 0 <= successes <= n and 0 < level < 1.
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


def mean_of_shares(counts: Sequence[tuple[float, int]], level: float = 0.95, skew: bool = True) -> tuple[float, ...]:
    """Return the unweighted mean of independent shares and its score interval: (mean, low, high).

    Each end is the mean mu of the shares p that are likeliest among those with that mean, where

        |mean - mu| = z sqrt(V) + max(0, (z^2 - 1) / 6 * M / V)
        V = sum p (1 - p) / n / k^2                 the variance of the mean of k shares
        M = sum p (1 - p) (1 - 2 p) / n^2 / k^3     its third moment

    as Miettinen and Nurminen 1985 have it for two shares: with one share, it is Wilson's interval. The last term is
    the skewness of Gart and Nam 1988, where it makes the interval wider: the score alone holds the truth in 90 % where
    few fail (`skew` = False is the score alone). Each part is (successes, n); successes may be fractions, as in
    `wilson`. Raises ValueError where there are no parts, and for impossible counts.
    """
    if not counts:
        raise ValueError("a mean of nothing: give at least one share")
    if any(n < 1 or not 0 <= right <= n for right, n in counts):
        raise ValueError(f"impossible counts {list(counts)}: give 0 <= successes <= n, and n of at least 1")
    mean = fsum(right / n for right, n in counts) / len(counts)
    z = NormalDist().inv_cdf((1 + level) / 2)
    low = _score_end(counts, z, skew)
    high = 1 - _score_end([(n - right, n) for right, n in counts], z, skew)
    return mean, min(low, mean), max(high, mean)


def _score_end(counts: Sequence[tuple[float, int]], z: float, skew: bool) -> float:
    """The lower end of the score interval of a mean of shares.

    The likeliest shares with a lower mean solve x / p - (n - x) / (1 - p) = pull with one pull for all: a quadratic
    equation each. The mean falls as the pull grows, so the end is found by bisection of the pull's logarithm.
    """
    k = len(counts)
    mean = fsum(right / n for right, n in counts) / k
    if not mean:
        return 0.0

    def shares(pull: float) -> list[float]:
        return [
            min(1.0, 2 * right / (pull + n + sqrt(max(0.0, (pull + n) ** 2 - 4 * pull * right)))) for right, n in counts
        ]

    def is_within(pull: float) -> bool:
        pairs = [(share, n) for share, (_, n) in zip(shares(pull), counts, strict=True)]
        variance = sum(share * (1 - share) / n for share, n in pairs) / k**2
        third = sum(share * (1 - share) * (1 - 2 * share) / n**2 for share, n in pairs) / k**3
        lean = max(0.0, third / variance) * (z * z - 1) / 6 if skew and variance else 0.0
        return mean - sum(share for share, _ in pairs) / k <= z * sqrt(variance) + lean

    low, high = 1e-9, 1e9 * max(n for _, n in counts)
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (middle, high) if is_within(middle) else (low, middle)
    return sum(shares(low)) / k


def mean_interval(values: Sequence[float], level: float = 0.95, largest: float = 1.0) -> tuple[float, float, float]:
    """Return the mean of independent changes and its interval: (mean, low, high).

    It is the normal interval, after two changes have been added that are as large as the largest there is, one each
    way (Agresti and Min 2005 do so for shares). Without them the interval is too narrow where changes are rare and
    large, and has no width at all where all are alike, which says nothing of what was not seen. `largest` is the
    largest change that is possible: the added ones are that where nothing changed, and the interval ends there.

    Where a maze was asked several times, the mean of its replies is the value: the standard error is then the
    clustered one of Miller 2024 (arXiv 2411.00640, section 2.2) for clusters of one size. With fewer values than
    `FEWEST` no change is ruled out, as in `sign_flip`. Raises ValueError where there are no values.
    """
    if not values:
        raise ValueError("a mean of nothing: give at least one value")
    mean = fsum(values) / len(values)
    if len(values) < FEWEST:
        return mean, -largest, largest
    n, most = len(values) + 2, max(map(abs, values)) or largest
    middle = fsum(values) / n
    error = sqrt((fsum((value - middle) ** 2 for value in (*values, most, -most))) / (n - 1) / n)
    half = NormalDist().inv_cdf((1 + level) / 2) * error
    return mean, max(middle - half, -largest), min(middle + half, largest)


def sign_flip(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of a mean difference, if the sign of each difference is random.

    The exact two-sided permutation test of paired differences (Fisher 1935): twice the share of all 2^n choices of
    signs whose sum is as extreme on the side of the observed one. Differences of 0 do not count; for differences of 1
    and -1 it is the exact test of McNemar. Sizes are rounded to a grid of `_GRID` steps in all, which is exact for
    most fractions of several replies; the test of the rounded sizes is exact too.

    The choices are counted by the product of (1 + x^size) over all differences, whose coefficients are stored
    in one large integer, 64 bits each, as probabilities in units of 2^-62. Halving cuts off parts smaller than a unit,
    whose largest possible sum is added at the end, so that the result is never 0.
    """
    sizes = [abs(change) for change in differences if abs(change) > _NOISE]
    if not sizes:
        return 1.0
    steps = _GRID / fsum(sizes)
    steps = next((part * (steps // part) for part in _PARTS if part <= steps), steps)
    scores = [score for change in differences if (score := round(steps * change))]
    common = gcd(*scores)
    scores = [score // common for score in scores]
    least = min(sum(max(sign * score, 0) for score in scores) for sign in (1, -1))
    width = 64 * (least + 1)  # only the sums up to the observed one matter
    inside = (1 << width) - 1
    mask = int.from_bytes((b"\xff" * 7 + b"\x7f") * (least + 1), "little")  # without the bit that halving lets slip in
    chances = 1 << 62
    for score in scores:
        chances = (chances + (chances << 64 * abs(score) & inside)) >> 1 & mask
    tail = sum(memoryview(chances.to_bytes(width // 8, sys.byteorder)).cast("Q"))
    cut_off = len(scores) * (least + 1) if len(scores) > 62 else 0
    return min(1.0, 2 * (tail + cut_off) / (1 << 62))


_GRID = 1 << 14
_PARTS = (2520, 840, 420, 120, 60, 24, 12)
"""Steps in which halves, thirds, quarters ... are whole."""
_NOISE = 1e-12
"""A difference that is only the rounding of a mean."""


def mcnemar(broke: int, fixed: int) -> float:
    """Return the one-sided p-value of a drop: the probability of `broke` or more broken cases if nothing got worse.

    The exact test of McNemar 1947, one-sided: of broke + fixed cases each is broken with probability 1/2.
    """
    changed = broke + fixed
    chance = sum(comb(changed, count) for count in range(broke, changed + 1)) / (1 << changed)
    return max(chance, sys.float_info.min)  # with 1,100 broken cases it is below the smallest float, but never 0


def mcnemar_two_sided(broke: int, fixed: int) -> float:
    """Return the two-sided p-value of a change: the exact test of McNemar."""
    return min(1.0, 2 * mcnemar(max(broke, fixed), min(broke, fixed)))


def change_interval(before: Sequence[float], after: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return the interval (low, high) of the mean change of shares from 0 to 1, of the same cases in the same order.

    It is `paired_difference` where all are 0 or 1, and else `mean_interval`, which is made to agree with `sign_flip`:
    it holds 0 where that test does not rule 0 out, and ends before 0, at what the test does not rule out, where it
    does. Raises ValueError where there are no cases.
    """
    pairs = list(zip(before, after, strict=True))
    if all(value in (0, 1) for pair in pairs for value in pair):
        both, broke, fixed = (sum(pair == kind for pair in pairs) for kind in ((1, 1), (1, 0), (0, 1)))
        return paired_difference(both, broke, fixed, len(pairs) - both - broke - fixed, level)
    differences = [new - old for old, new in pairs]
    mean, low, high = mean_interval(differences, level)
    if sign_flip(differences) >= 1 - level:
        return min(low, 0.0), max(high, 0.0)
    if low <= 0 <= high:
        end = _nearest_to_0(differences, mean, level)
        low, high = (end, high) if mean > 0 else (low, end)
    return low, high


def _nearest_to_0(differences: Sequence[float], mean: float, level: float) -> float:
    """Return the value between a mean and 0, nearest to 0, that the sign-flip test does not reject (by bisection)."""
    inside, outside = mean, 0.0
    for _ in range(20):
        middle = (inside + outside) / 2
        is_out = sign_flip([change - middle for change in differences]) < 1 - level
        inside, outside = (inside, middle) if is_out else (middle, outside)
    return inside


def paired_difference(both: int, broke: int, fixed: int, neither: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval (low, high) of the change in a share on the same cases (Newcombe 1998, method 10).

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

    def half(below: float, above: float) -> float:
        """Return the half width from those of both shares, which are correlated by phi."""
        return sqrt(max(0.0, below * below - 2 * phi * below * above + above * above))

    change = second - first
    return change - half(second - low_2, high_1 - first), change + half(high_2 - second, first - low_1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values, adjusted for their number to control the family-wise error rate (Holm 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, most = [0.0] * len(order), 0.0
    for place, at in enumerate(order):
        most = max(most, min(1.0, (len(order) - place) * p_values[at]))
        adjusted[at] = most
    return adjusted


def power(drop: float, n: int, noise: float, margin: float = 0.0, alpha: float = 0.05) -> float:
    """Return the power of n paired cases for a true drop: significant in `mcnemar` at alpha, and above the margin.

        psi   = drop + 2 noise                                  the share of cases that change
        limit = max(margin, (z sqrt(psi n) + 1) / n)            the smallest drop that is called worse
        power = Phi((drop - limit) / sqrt((psi - drop^2) / n))

    Connor 1987, with 1/n for the continuity of the exact test. `noise` is the share of cases that get fixed
    nevertheless; all are shares from 0 to 1. Raises ValueError for impossible shares.
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
    """Return the smallest true drop for which n paired cases have the wanted power; None where there is none."""
    low, high = 0.0, 1.0
    if power(high, n, noise, margin, alpha) < wanted:
        return None
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, n, noise, margin, alpha) >= wanted else (middle, high)
    return high


def length_scale(paths: Sequence[tuple[int, float]], level: float = 0.95) -> tuple[float, float, float]:
    """Return the path length over which the share of solved mazes falls by a factor e: (scale, low, high) in moves.

        P(solved) = exp(-length / scale)

    as if each step went right with the same probability exp(-1 / scale): a binomial regression with a logarithmic link
    through the origin. Each path is (its shortest length, the share of its tries that solved it), and a share is 0 or
    1 where there was one try. Tries of one maze are not independent, so the interval is that of the number of mazes, as
    in `wilson`. The estimate has the largest likelihood, the interval is that of the likelihood ratio (Wilks 1938).
    Where all were solved, scale and upper end are infinite; where none was, scale and lower end are 0. Raises
    ValueError for lengths below 1, and for no paths.
    """
    if not paths or min(length for length, _ in paths) < 1:
        raise ValueError("a length scale needs paths of at least one move")
    right = fsum(length * solved for length, solved in paths)
    wrong = [(length, 1 - solved) for length, solved in paths if solved < 1]

    def likelihood(rate: float) -> float:
        return -rate * right + fsum(share * log(-expm1(-rate * length)) for length, share in wrong)

    def slope(rate: float) -> float:
        return -right + fsum(share * length / expm1(rate * length) for length, share in wrong)

    def between(low: float, high: float, is_low: Callable[[float], bool]) -> float:
        for _ in range(64):
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
