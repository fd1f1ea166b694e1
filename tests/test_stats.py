"""Paired differences and their correction, against hand-worked cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from mtloc_jax.report.stats import holm, paired_difference
from tests.coverage_table import SIZES, students


def difference_of(*metres: float):
    return paired_difference(np.array(metres), np.zeros(len(metres)))


def crossed(values: np.ndarray):
    return paired_difference(values, np.zeros_like(values))


def test_the_difference_is_ours_minus_theirs_over_pairs() -> None:
    found = paired_difference(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 2.0, 6.0]))
    assert found.mean_m == -1.0
    assert (found.n_better, found.n_seeds, found.n_blocks) == (3, 4, 1)


def test_the_effect_is_mean_over_deviation_with_hedges_correction() -> None:
    # Mean -2, deviation 1, two degrees of freedom: -2 * (1 - 3 / 7).
    assert difference_of(-1, -2, -3).effect == pytest.approx(-2 * 4 / 7)


def test_identical_arms_do_not_differ() -> None:
    found = difference_of(0, 0, 0, 0, 0)
    assert (found.low_m, found.high_m, found.p_value, found.p_flip) == (0, 0, 1, 1)
    assert found.of_the_same
    assert not found.two_groups
    assert np.isnan(found.effect)


@pytest.mark.parametrize("metres", [(-0.5,), (-0.5, -0.6), (-0.5, -0.6, -0.7)])
def test_below_four_seeds_no_interval_is_claimed(metres: tuple[float, ...]) -> None:
    found = difference_of(*metres)
    assert (found.low_m, found.high_m) == (-np.inf, np.inf)
    assert (found.over, found.p_value, found.could_find_m) == ("none", 1, np.inf)
    assert np.isnan(found.p_flip)


def test_seeds_have_students_interval_and_the_p_of_their_sign_flips() -> None:
    # Mean -2.5, deviation 1.2910, error 0.6455; t of 0.975 with three degrees of freedom 3.1824.
    found = difference_of(-1, -2, -3, -4)
    assert (found.low_m, found.high_m) == pytest.approx((-4.5543, -0.4457), abs=1e-4)
    assert found.p_value == pytest.approx(0.03047, abs=1e-5)
    assert found.p_flip == 2 / 16  # all alike, or all the other way round
    assert found.over == "seeds"


@pytest.mark.parametrize("n", SIZES)
def test_the_interval_is_that_of_a_t_test_at_any_number_of_seeds(n: int) -> None:
    x = np.random.default_rng(n).gamma(2.0, size=n) - 1
    found, theirs = difference_of(*x), ttest_1samp(x, 0.0)
    low, high = students(x[None])
    assert (found.low_m, found.high_m) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert (found.low_m, found.high_m) == pytest.approx((low[0], high[0]))
    assert found.p_value == pytest.approx(theirs.pvalue)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.floats(-5, 5), min_size=4, max_size=12), st.floats(0.01, 100))
def test_the_interval_scales_with_the_metres_and_agrees_with_the_p_value(
    metres: list[float], scale: float
) -> None:
    found = difference_of(*metres)
    scaled = difference_of(*(scale * value for value in metres))
    assert scaled.mean_m == pytest.approx(scale * found.mean_m, rel=1e-6, abs=1e-12)
    assert found.low_m <= found.mean_m <= found.high_m
    if np.ptp(metres) > 1e-3:
        assert scaled.p_value == pytest.approx(found.p_value, abs=1e-6)
        assert (found.low_m > 0 or found.high_m < 0) == (found.p_value < 0.05)


def test_swapping_the_arms_mirrors_the_interval() -> None:
    ours, theirs = np.array([1.0, 2.0, 2.5, 4.0, 3.0]), np.array([2.0, 2.2, 3.5, 4.1, 3.9])
    there, back = paired_difference(ours, theirs), paired_difference(theirs, ours)
    assert (there.low_m, there.high_m) == pytest.approx((-back.high_m, -back.low_m))
    assert (there.p_value, there.p_flip) == pytest.approx((back.p_value, back.p_flip))


def test_blocks_that_disagree_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    of_seed, of_block = rng.normal(-1, 0.1, (8, 1)), rng.normal(0, 1.0, (1, 5))
    both = of_seed + of_block + rng.normal(0, 0.1, (8, 5))
    blind, aware = crossed(both.mean(axis=1)), crossed(both)
    assert (aware.over, aware.n_blocks) == ("both", 5)
    assert aware.high_m - aware.low_m > 4 * (blind.high_m - blind.low_m)
    assert np.isnan(aware.p_flip)


def test_the_error_of_crossed_factors_adds_up_by_hand() -> None:
    # Seed means 0, 0, 2, 2 and round means -1, -1, 1, 1 about their mean of 1, nothing left over:
    # V = 4/3 / 4 + 4/3 / 4 = 2/3; freedom (2/3)^2 / (2 (1/3)^2 / 3) = 6; t of 0.975 2.4469.
    values = np.array([0.0, 0, 2, 2])[:, None] + np.array([-1.0, -1, 1, 1])
    found = crossed(values)
    assert (found.mean_m, found.estimate.freedom) == pytest.approx((1.0, 6.0))
    assert found.estimate.error_m**2 == pytest.approx(2 / 3)
    assert found.high_m == pytest.approx(1 + 2.4469 * (2 / 3) ** 0.5, abs=1e-4)


def test_below_four_seeds_the_blocks_alone_have_an_interval() -> None:
    # Means of two seeds on four rounds: -1, -2, -3, -4.
    values = np.array([[-1.5, -1.5, -3.5, -3.5], [-0.5, -2.5, -2.5, -4.5]])
    found, alone = crossed(values), difference_of(-1, -2, -3, -4)
    assert (found.over, found.n_values) == ("blocks", 4)
    assert (found.low_m, found.high_m) == (alone.low_m, alone.high_m)
    assert found.p_flip == alone.p_flip


@pytest.mark.parametrize("shape", [(2, 3), (8, 3), (3, 2), (1, 1)])
def test_below_four_blocks_there_is_none_however_many_seeds(shape: tuple[int, int]) -> None:
    found = crossed(np.random.default_rng(0).normal(size=shape))
    assert found.over == "none"
    assert found.high_m == np.inf


def test_one_block_is_the_same_as_none() -> None:
    x = np.array([-0.1, -0.9, -0.4, 0.3, -0.8])
    assert crossed(x[:, None]) == difference_of(*x)


def test_holm_multiplies_the_smallest_by_all_and_never_decreases() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_raw_p_and_bonferroni(p_values: list[float]) -> None:
    raw = np.array(p_values)
    corrected = holm(raw)
    assert np.all(corrected >= raw)
    assert np.all(corrected <= np.minimum(raw * len(raw), 1) + 1e-12)
