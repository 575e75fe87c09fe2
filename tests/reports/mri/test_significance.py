"""Intervals and chances, against scipy and by simulation."""

import numpy as np
import pytest
from scipy import stats

from reports.mri import significance, similarity


def test_discoveries_are_scipy_s():
    p = [0.001, 0.2, 0.04, 0.03, 0.9, 0.04]
    assert significance.discoveries(p) == pytest.approx(stats.false_discovery_control(p))


def test_a_mean_has_scipy_s_bootstrap_interval():
    values = np.random.default_rng(0).exponential(size=80)
    mean, low, high = significance.mean_interval(values)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=0).confidence_interval
    assert mean == values.mean()
    assert (low, high) == pytest.approx(tuple(theirs), abs=0.02)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).standard_normal(64)
    mean, low, high = significance.jackknife(lambda chosen: float(values[chosen].mean()), len(values))
    assert mean == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * stats.sem(values), rel=0.3)


def test_a_shifted_layer_is_named_and_unshifted_ones_are_not():
    """Six layers that are noise, 200 times: in at most 5 % any of them is named; one with a small shift always is."""
    false, missed = 0, 0
    for seed in range(200):
        layers = np.random.default_rng(seed).standard_normal((6, 64, 20))
        quiet = significance.discoveries([significance.sign_flip(layer, seed) for layer in layers])
        false += min(quiet) < 0.05
        layers[3] += 0.25
        loud = significance.discoveries([significance.sign_flip(layer, seed) for layer in layers])
        missed += not (loud[3] < 0.01 and loud[3] == min(loud))
    assert false <= 17  # 5 % of 200, and what chance adds to it (binomial, 97.5 %)
    assert missed == 0


def test_nothing_is_no_change():
    assert significance.sign_flip(np.zeros((10, 3))) == 1.0


def test_the_common_share_s_interval_holds_the_truth():
    """A shift of half of all change: its 95 % interval misses it in about one in twenty."""
    missed = 0
    for seed in range(100):
        changes = 1 + np.random.default_rng(seed).standard_normal((64, 200))
        draws = significance.draws(64, seed)
        low, high = significance.interval(similarity.common_share(changes, draws))
        missed += not low <= 0.5 <= high
    assert missed <= 12
