import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, chi2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import DescrStatsW

from reports.statistics import (
    holm,
    length_scale,
    mcnemar,
    mean_below,
    mean_interval,
    mover,
    paired_difference,
    power,
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


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=50).filter(lambda values: np.std(values) > 1e-3))
def test_a_mean_has_the_interval_and_test_of_statsmodels(values):
    mean, low, high = mean_interval(values)
    described = DescrStatsW(values)
    assert (mean, low, high) == pytest.approx((described.mean, *described.zconfint_mean()), abs=1e-9)
    assert mean_below(values) == pytest.approx(described.ztest_mean(0, alternative="smaller")[1], abs=1e-9)


def test_one_value_says_nothing_of_its_error():
    assert mean_interval([0.5])[1:] == (-math.inf, math.inf)
    assert mean_below([-0.5]) == 1
    assert mean_below([0.0, 0.0]) == 1


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


@given(st.lists(counts, min_size=1, max_size=5))
def test_a_mean_of_shares_has_a_narrower_interval_than_its_parts(parts):
    shares = [(count / n, *wilson(count, n)) for count, n in parts]
    mean, low, high = mover(shares)
    assert mean == pytest.approx(np.mean([share for share, _, _ in shares]))
    assert high - low <= np.mean([high - low for _, low, high in shares]) + 1e-9


@pytest.mark.parametrize(
    "call",
    [
        lambda: mover([]),
        lambda: mean_interval([]),
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
