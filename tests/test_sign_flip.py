"""Exact sign flips, worked out by hand and against what Fisher published."""

import numpy as np
import pytest
from scipy.stats import permutation_test

from mtloc_jax.report.sign_flip import sign_flip_p

DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]) / 8
"""Inches by which cross-fertilised maize outgrew self-fertilised, pair by pair."""


def test_four_signs_are_flipped_by_hand() -> None:
    # Sums of +-1 +-2 +-3: 6, 4, 2, 0, 0, -2, -4, -6. Found: -1 + 2 + 3 = 4; as far off: 4 of 8.
    assert sign_flip_p(np.array([-1.0, 2, 3])) == 4 / 8
    assert sign_flip_p(np.array([1.0, 2, 3])) == 2 / 8


def test_darwins_maize_has_fishers_p() -> None:
    # The Design of Experiments (1935), section 21: 863 of 32,768 sums reach 314 eighths of an inch.
    assert sign_flip_p(DARWIN) == 2 * 863 / 32_768


def test_ten_seeds_that_agree_have_a_p_of_two_in_1024() -> None:
    assert sign_flip_p(np.full(10, 0.1)) == 2 / 1024


def test_pairs_that_do_not_differ_at_all_have_a_p_of_one() -> None:
    assert sign_flip_p(np.zeros(5)) == 1


@pytest.mark.parametrize("n", [4, 7, 12])
def test_scipy_finds_the_same(n: int) -> None:
    x = np.random.default_rng(n).normal(0.4, 1, n)
    theirs = permutation_test((x,), np.sum, permutation_type="samples", vectorized=False)
    assert sign_flip_p(x) == pytest.approx(theirs.pvalue)


def test_beyond_sixteen_pairs_the_drawn_p_is_near_the_exact_one() -> None:
    x = np.random.default_rng(1).normal(0.4, 1, 17)
    signs = 1 - 2.0 * (np.arange(2**16)[:, None] >> np.arange(17) & 1)
    exact = np.mean(np.abs(signs @ x) >= abs(x.sum()) - 1e-9)
    assert sign_flip_p(x) == pytest.approx(exact, abs=0.01)
    assert sign_flip_p(x) == sign_flip_p(x)


def test_it_calls_alike_arms_different_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(0)
    halves = rng.choice([-1.0, 1.0], (1000, 8)) + rng.normal(0, 0.2, (1000, 8))
    assert np.mean([sign_flip_p(x) <= 0.05 for x in halves]) <= 0.06
