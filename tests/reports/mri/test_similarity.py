"""Likeness of states, against textbook formulas and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import paired_cosine_distances

from reports.mri import similarity


def textbook_hsic(one, other):
    """HSIC_1 of Song et al. 2012, equation 5, term by term."""
    n = len(one)
    k, el = one @ one.T, other @ other.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(el, 0)
    ones = np.ones(n)
    first = np.trace(k @ el)
    second = (ones @ k @ ones) * (ones @ el @ ones) / ((n - 1) * (n - 2))
    third = 2 / (n - 2) * (ones @ k @ el @ ones)
    return (first + second - third) / (n * (n - 3))


def textbook_cka(one, other):
    return textbook_hsic(one, other) / np.sqrt(textbook_hsic(one, one) * textbook_hsic(other, other))


def cka(one, other):
    return similarity.cka([similarity.centred_gram(one)], [similarity.centred_gram(other)])[0, 0]


@pytest.fixture
def random():
    return np.random.default_rng(1)


@pytest.mark.parametrize(("n", "width"), [(8, 3), (40, 200)])
def test_cka_is_the_textbook_s(random, n, width):
    one = random.standard_normal((n, width))
    other = one @ random.standard_normal((width, 5)) + random.standard_normal((n, 5))
    assert cka(one, other) == pytest.approx(textbook_cka(one, other), rel=1e-9)


def test_a_layer_beside_itself_turned_and_scaled_is_1(random):
    one = random.standard_normal((30, 6))
    turned, _ = np.linalg.qr(random.standard_normal((6, 6)))
    assert cka(one, one) == pytest.approx(1, abs=1e-12)
    assert cka(one, 7 * one @ turned + 3) == pytest.approx(1, abs=1e-12)


def test_independent_states_are_0_on_average_also_where_they_are_wide(random):
    values = [cka(random.standard_normal((20, 300)), random.standard_normal((20, 300))) for _ in range(200)]
    assert abs(np.mean(values)) < 0.02  # the biased one is above 0.9 here


def test_all_layers_at_once_are_each_pair_alone(random):
    layers = [random.standard_normal((12, 4)) for _ in range(3)]
    grams = [similarity.centred_gram(layer) for layer in layers]
    table = similarity.cka(grams, grams[:2])
    assert table.shape == (3, 2)
    assert table[2, 1] == pytest.approx(cka(layers[2], layers[1]))


def test_a_constant_layer_is_no_number_and_three_texts_are_too_few(random):
    constant = similarity.centred_gram(np.ones((9, 4)))
    assert np.isnan(similarity.cka([constant], [similarity.centred_gram(random.standard_normal((9, 4)))])[0, 0])
    with pytest.raises(ValueError, match="at least 4 texts, not 3"):
        similarity.centred_gram(np.ones((3, 4)))


def test_cosine_is_scikit_learn_s(random):
    one, other = random.standard_normal((2, 20, 7)).astype("f4")
    assert similarity.cosine(one, other) == pytest.approx(1 - paired_cosine_distances(one, other), abs=1e-6)


def test_changes_are_told_in_lengths_of_the_base():
    base = np.array([[3.0, 4.0], [0.0, 2.0]])
    assert similarity.relative_change(base, base + np.array([0, 1])) == pytest.approx([1 / 5, 1 / 2])
    assert similarity.norm_ratio(base, 2 * base) == pytest.approx([2, 2])


def test_what_changes_have_in_common(random):
    noise = random.standard_normal((60, 500))
    assert similarity.common_share(np.ones((60, 500)))[0] == pytest.approx(1)
    assert abs(similarity.common_share(noise)[0]) < 0.01  # uncorrected it is 1 / 60
    assert similarity.common_share(noise + 1)[0] == pytest.approx(0.5, abs=0.03)
    assert similarity.common_share(np.zeros((60, 5)))[0] == 0
