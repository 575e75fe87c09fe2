"""Linear probes: planted features, made-up labels, and scikit-learn's ridge regression."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from reports.mri import probes
from reports.mri.probes import Target


def read(states, labels, owner=None):
    labels = np.asarray(labels)
    target = Target("planted", "answer", labels if labels.ndim == 2 else labels[:, None], "")
    return probes.read_layers([states], target, np.arange(len(states)) if owner is None else owner)


@pytest.fixture
def random():
    return np.random.default_rng(3)


@pytest.mark.parametrize("width", [5, 200])
@pytest.mark.parametrize("penalty", [1e-3, 10.0])
def test_ridge_is_scikit_learn_s(random, monkeypatch, width, penalty):
    known, asked = random.standard_normal((60, width)) * 4 + 2, random.standard_normal((9, width))
    wanted = random.standard_normal((60, 2))
    monkeypatch.setattr(probes, "PENALTIES", (penalty,))
    scaler = StandardScaler().fit(known)
    alpha = penalty * 60  # the mean of the eigenvalues of standardized columns is the number of rows
    theirs = Ridge(alpha=alpha).fit(scaler.transform(known), wanted).predict(scaler.transform(asked))
    assert probes.ridge(known, wanted, asked) == pytest.approx(theirs, abs=1e-6)


def test_a_planted_feature_is_read_and_made_up_labels_are_not(random):
    labels = random.integers(0, 4, 256)
    states = random.standard_normal((256, 40))
    states[:, :4] += 12 * np.eye(4)[labels]
    (found,) = read(states, labels)
    assert found.share == 1.0
    assert found.p < 0.01
    assert found.control < 0.4
    assert found.exchanged == pytest.approx(0.25, abs=0.05)


def test_noise_is_not_read(random):
    """Twenty times, wider than there are mazes: p is below 5 % about once."""
    found = [read(random.standard_normal((128, 300)), random.integers(0, 4, 128))[0] for _ in range(20)]
    assert np.mean([one.share for one in found]) == pytest.approx(0.25, abs=0.05)
    assert sum(one.p < 0.05 for one in found) <= 4


def test_what_the_place_alone_tells_is_in_the_null(random):
    """Cells whose label hangs on where they are, the same in each maze: it is read, and it is no news."""
    places = np.tile(np.arange(6), 50)
    states = np.eye(6)[places] + 0.01 * random.standard_normal((300, 6))
    (found,) = read(states, places % 2, owner=np.repeat(np.arange(50), 6))
    assert found.share == 1.0
    assert found.exchanged == 1.0
    assert found.p == 1.0


def test_rows_that_are_not_asked_and_layers_that_do_not_vary_are_left_out(random):
    labels = np.r_[np.zeros(40, int), np.ones(40, int), np.full(20, -1)]
    states = random.standard_normal((100, 3))
    states[:, 0] += 20 * labels
    target = Target("planted", "answer", labels[:, None], "")
    found = probes.read_layers([np.ones((100, 3)), states], target, np.arange(100))
    assert [one.layer for one in found] == [1]
    assert found[0].share == 1.0
