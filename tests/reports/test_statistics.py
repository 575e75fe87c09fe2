import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binomtest, chi2, permutation_test
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import DescrStatsW

from reports.statistics import (
    change_interval,
    holm,
    length_scale,
    mcnemar,
    mcnemar_two_sided,
    mean_interval,
    mean_of_shares,
    mover,
    paired_difference,
    power,
    sign_flip,
    smallest_drop,
    wilson,
)

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_that_of_scipy(count, level):
    expected = binomtest(*count).proportion_ci(level, "wilson")
    assert wilson(*count, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(counts)
def test_the_interval_holds_the_share_and_lies_within_0_and_1(count):
    low, high = wilson(*count)
    assert 0 <= low <= count[0] / count[1] <= high <= 1


def test_nothing_measured_is_nothing_known():
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize("arguments", [(-1, 3), (4, 3), (1, 3, 0), (1, 3, 1.5)])
def test_impossible_counts_are_refused(arguments):
    with pytest.raises(ValueError, match="give"):
        wilson(*arguments)


tables = st.tuples(*[st.integers(0, 300)] * 4).filter(any)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_the_binomial_test_of_scipy(broke, fixed):
    expected = binomtest(broke, broke + fixed, alternative="greater").pvalue if broke + fixed else 1.0
    assert mcnemar(broke, fixed) == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_of_both_sides_is_the_binomial_test_of_scipy(broke, fixed):
    expected = binomtest(broke, broke + fixed).pvalue if broke + fixed else 1.0
    assert mcnemar_two_sided(broke, fixed) == pytest.approx(expected, abs=1e-12)
    assert sign_flip([-0.7] * broke + [0.7] * fixed + [0.0] * 9) == pytest.approx(expected, abs=1e-12)


def test_a_chance_is_never_nothing():
    assert 0 < mcnemar(1500, 0) < 1e-300
    assert 0 < mcnemar_two_sided(0, 1500) < 1e-300
    assert 0 < sign_flip([-0.5] * 1500) < 1e-10


@given(tables)
def test_the_interval_of_a_difference_holds_it_and_is_mirrored_by_the_other_direction(table):
    both, broke, fixed, neither = table
    change = (fixed - broke) / sum(table)
    low, high = paired_difference(*table)
    assert -1 - 1e-9 <= low <= change + 1e-9
    assert change - 1e-9 <= high <= 1 + 1e-9
    assert paired_difference(both, fixed, broke, neither) == pytest.approx((-high, -low))


@given(st.tuples(*[st.integers(1, 20)] * 4))
def test_without_correlation_it_is_the_unpaired_interval_of_statsmodels(parts):
    first, not_first, second, not_second = parts
    table = (first * second, first * not_second, not_first * second, not_first * not_second)
    n, right = sum(table), (table[0] + table[2], table[0] + table[1])
    expected = confint_proportions_2indep(right[0], n, right[1], n, method="newcomb", compare="diff")
    assert paired_difference(*table) == pytest.approx(expected, abs=1e-9)


def test_the_interval_of_a_difference_holds_the_true_one_as_often_as_it_says():
    random, n, held = np.random.default_rng(1), 100, 0
    shares = np.array([0.7, 0.15, 0.05, 0.1])
    for table in random.multinomial(n, shares, size=4000):
        low, high = paired_difference(*map(int, table))
        held += low <= shares[2] - shares[1] <= high
    assert 0.94 <= held / 4000 <= 0.965


@settings(max_examples=20)  # statsmodels takes 50 ms a time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


@settings(max_examples=25)  # scipy takes a while to count all choices
@given(st.lists(st.integers(-24, 24), min_size=2, max_size=8))
def test_the_sign_flip_test_is_that_of_scipy(steps):
    changes = [float(step) for step in steps]  # whole numbers, whose sums scipy does not round
    count = {"permutation_type": "samples", "n_resamples": math.inf}
    sides = [permutation_test((changes,), np.mean, alternative=side, **count) for side in ("less", "greater")]
    expected = min(1.0, 2 * min(side.pvalue for side in sides)) if any(steps) else 1.0
    assert sign_flip(changes) == pytest.approx(expected, abs=1e-9)
    assert sign_flip([change / 24 for change in changes]) == sign_flip(changes)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.randoms())
def test_the_sign_flip_test_knows_neither_order_nor_direction(changes, random):
    p = sign_flip(changes)
    assert 0 < p <= 1
    assert sign_flip([-one for one in changes]) == p
    assert sign_flip(random.sample(changes, len(changes))) == pytest.approx(p, rel=1e-6)
    assert sign_flip([*changes, 0.0, 0.0]) == p


@pytest.mark.parametrize(("n", "p"), [(1, 1), (2, 1 / 2), (3, 1 / 4), (5, 1 / 16), (6, 1 / 32), (400, 1e-13)])
def test_equal_drops_of_few_cases_are_no_proof(n, p):
    """Two cases with the same drop have no spread, which is no certainty."""
    assert sign_flip([-0.5] * n) <= p if n == 400 else sign_flip([-0.5] * n) == p
    _, low, high = mean_interval([-0.5] * n)
    assert (high < 0) == (p < 0.05)
    assert low < -0.5 < high


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=50))
def test_a_mean_has_the_interval_of_statsmodels_with_one_more_change_each_way(values):
    mean, low, high = mean_interval(values)
    most = max(map(abs, values)) or 1.0
    expected = DescrStatsW([*values, most, -most]).zconfint_mean()
    assert (mean, low, high) == pytest.approx((np.mean(values), *np.clip(expected, -1, 1)), abs=1e-9)
    assert low - 1e-12 <= mean <= high + 1e-12


def test_few_values_rule_nothing_out():
    for values in ([0.5], [0.0, 0.0], [-0.5] * 5):
        assert mean_interval(values)[1:] == (-1, 1)


def test_no_change_at_all_leaves_room_for_what_was_not_seen():
    """As with yes and no: of 400 cases that did not change, one in two hundred may."""
    _, low, high = mean_interval([0.0] * 400)
    assert low == -high
    assert 0.003 < high < paired_difference(400, 0, 0, 0)[1]


def test_the_interval_of_a_change_holds_0_exactly_where_its_test_does_not_rule_it_out():
    random, significant = np.random.default_rng(1), 0
    for _ in range(1200):
        n, drop = int(random.integers(1, 40)), random.random() * 0.6
        size = random.choice([[1.0, 1.0], [0.5, 1.0], [0.01, 1.0], [0.125, 0.25]])
        kinds = random.choice([-1, 0, 1], n, p=[0.2 + drop / 2, 0.6 - drop / 2, 0.2])
        after = (0.5 + random.choice(size, n) * kinds / 2).tolist()
        p, (low, high) = sign_flip([one - 0.5 for one in after]), change_interval([0.5] * n, after)
        significant += p < 0.05
        assert (p < 0.05) != (low <= 0 <= high), after
        assert low <= np.mean(after) - 0.5 <= high
    assert significant > 100


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_shares_of_one_try_have_the_interval_of_newcombe(pairs):
    before, after = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    counts = Counter(pairs)
    kinds = [(True, True), (True, False), (False, True), (False, False)]
    assert change_interval(before, after) == paired_difference(*(counts[kind] for kind in kinds))


@pytest.mark.parametrize(
    ("drop", "noise", "margin"), [(0.05, 0.02, 0), (0.05, 0.05, 0.02), (0.1, 0.1, 0.02), (0, 0.05, 0)]
)
def test_power_is_what_simulated_runs_find(drop, noise, margin):
    random, n = np.random.default_rng(1), 400
    counts = random.multinomial(n, [drop + noise, noise, 1 - drop - 2 * noise], size=4000)[:, :2].tolist()
    found = sum(mcnemar(broke, fixed) < 0.05 and (broke - fixed) / n > margin for broke, fixed in counts)
    assert power(drop, n, noise, margin) == pytest.approx(found / 4000, abs=0.035)


@given(st.integers(20, 3000), st.floats(0, 0.2), st.floats(0, 0.1))
def test_the_smallest_drop_is_seen_with_the_wanted_power(n, noise, margin):
    found = smallest_drop(n, noise, margin)
    assert power(found, n, noise, margin) == pytest.approx(0.8, abs=0.01) or found > 0.5
    assert found > margin


def test_five_cases_or_fewer_cannot_show_anything():
    assert smallest_drop(3, 0.1) is None


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=5, max_size=200))
def test_the_length_scale_has_the_largest_likelihood_and_its_interval_the_right_ones(paths):
    scale, low, high = length_scale(paths)
    assert low <= scale <= high
    assume({solved for _, solved in paths} == {True, False})
    lengths, solved = np.array(paths).T

    def likelihood(log_rate):
        rate = np.exp(log_rate)
        return np.where(solved, -rate * lengths, np.log(-np.expm1(-rate * lengths))).sum()

    best = minimize_scalar(lambda x: -likelihood(x), bounds=(-12, 3), method="bounded", options={"xatol": 1e-8})
    assert np.log(1 / scale) == pytest.approx(best.x, abs=1e-3)
    for end in (low, high):
        assert 2 * (-best.fun - likelihood(np.log(1 / end))) == pytest.approx(chi2(1).ppf(0.95), abs=1e-3)


def test_where_all_or_none_is_solved_the_length_scale_has_one_end():
    scale, low, high = length_scale([(10, True)] * 50)
    assert (scale, high) == (math.inf, math.inf)
    assert low == pytest.approx(500 / 1.92, rel=0.01)
    scale, low, high = length_scale([(10, False)] * 50)
    assert (scale, low) == (0, 0)
    assert 1 < high < 10


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 4)), min_size=1, max_size=60))
def test_several_tries_of_a_maze_are_one_maze(paths):
    shares = [(length, right / 4) for length, right in paths]
    alike = [(length, bool(right)) for length, right in paths]
    assert length_scale(alike) == pytest.approx(length_scale([(length, float(solved)) for length, solved in alike]))
    scale, low, high = length_scale(shares)
    tries = [(length, at < right) for length, right in paths for at in range(4)]
    if any(right % 4 for _, right in paths):
        assert scale == pytest.approx(length_scale(tries)[0])
    assert low <= length_scale(tries)[1]
    assert high >= length_scale(tries)[2]


@pytest.mark.parametrize(("scale", "n"), [(9, 50), (40, 100), (500, 100), (500, 400)])
def test_the_interval_of_the_length_scale_holds_the_true_one_as_often_as_it_says(scale, n):
    random, held, runs = np.random.default_rng(1), 0, 200
    for _ in range(runs):
        lengths = random.integers(2, 30, n)
        solved = random.random(n) < np.exp(-lengths / scale)
        _, low, high = length_scale(list(zip(lengths.tolist(), solved.tolist(), strict=True)))
        held += low <= scale <= high
    assert held / runs >= 0.95 - 2 * (0.05 * 0.95 / runs) ** 0.5


@given(st.lists(counts, min_size=1, max_size=5))
def test_a_mean_of_shares_has_a_narrower_interval_than_its_parts(parts):
    shares = [(count / n, *wilson(count, n)) for count, n in parts]
    mean, low, high = mover(shares)
    assert mean == pytest.approx(np.mean([share for share, _, _ in shares]))
    assert high - low <= np.mean([high - low for _, low, high in shares]) + 1e-9


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_score_interval_of_one_share_is_wilson_s(count, level):
    assert mean_of_shares([count], level, skew=False)[1:] == pytest.approx(wilson(*count, level), abs=1e-9)


@settings(max_examples=25)
@given(*[st.integers(2, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))] * 2)
def test_each_end_is_as_far_as_the_likeliest_shares_of_that_mean_allow(one, other):
    """Miettinen and Nurminen's equation, with the likeliest shares found by scipy.

    It is no comparison with statsmodels' score interval of a difference, which 0.15 takes from another cubic equation:
    its ends are not where its own statistic is 1.96.
    """
    mean, *ends = mean_of_shares([one, other], skew=False)
    for end in ends:
        if not 1e-9 < end < 1 - 1e-9:
            continue

        def unlikely(share, end=end):
            pairs = [(one, share), (other, 2 * end - share)]
            return -sum(xlogy(x, p) + xlogy(n - x, 1 - p) for (x, n), p in pairs)

        bounds = (max(0, 2 * end - 1), min(1, 2 * end))
        share = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        variance = sum(p * (1 - p) / n for p, (_, n) in ((share, one), (2 * end - share, other))) / 4
        assert abs(mean - end) / variance**0.5 == pytest.approx(1.95996, abs=1e-3)


@given(st.lists(counts, min_size=1, max_size=5))
def test_the_interval_of_a_mean_of_shares_is_mirrored_holds_it_and_is_no_narrower_than_the_score(parts):
    mean, low, high = mean_of_shares(parts)
    assert 0 <= low <= mean <= high <= 1
    assert mean == pytest.approx(np.mean([count / n for count, n in parts]))
    assert mean_of_shares([(n - count, n) for count, n in parts])[1:] == pytest.approx((1 - high, 1 - low), abs=1e-9)
    _, score_low, score_high = mean_of_shares(parts, skew=False)
    assert low <= score_low + 1e-9
    assert high >= score_high - 1e-9


@pytest.mark.parametrize(
    "call",
    [
        lambda: mover([]),
        lambda: mean_interval([]),
        lambda: mean_of_shares([]),
        lambda: mean_of_shares([(0, 0)]),
        lambda: mean_of_shares([(3, 2)]),
        lambda: paired_difference(0, 0, 0, 0),
        lambda: power(2, 10, 0),
        lambda: power(0.1, 0, 0),
        lambda: length_scale([]),
        lambda: length_scale([(0, True)]),
    ],
)
def test_nothing_and_the_impossible_are_refused(call):
    with pytest.raises(ValueError, match=r"give|needs"):
        call()
