import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports.statistics import wilson

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
