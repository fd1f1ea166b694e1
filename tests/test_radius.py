"""The factor on sigma by hand, too few walks, and coverage where the truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.tracking import radius

ONE = np.ones(10)


def test_ten_walks_of_one_position_each():
    """Each weighs 1/11: 0.9 is reached by the tenth score (10/11), 0.8 by the ninth (9/11)."""
    error_m = np.arange(10.0, 0, -1)
    assert radius.factor(error_m, ONE, np.arange(10)) == 10
    assert radius.factor(error_m, 2 * ONE, np.arange(10)) == 5
    assert radius.factor(error_m, ONE, np.arange(10), level=0.8) == 9


def test_a_long_walk_weighs_as_much_as_a_short_one():
    """Walk 0 has scores 1, 2, 3, 4, walk 1 has 10; each walk weighs 1/3, and so does infinity.

    1/12, 2/12, 3/12, 4/12 and then 8/12: half is reached by the 10, 0.3 by the 4.
    """
    error_m, walk = np.array([10.0, 1, 2, 3, 4]), np.array([1, 0, 0, 0, 0])
    assert radius.factor(error_m, np.ones(5), walk, level=0.5) == 10
    assert radius.factor(error_m, np.ones(5), walk, level=0.3) == 4
    assert radius.factor(error_m, np.ones(5), walk, level=0.25) == 3


def test_nine_walks_calibrate_ninety_per_cent_by_their_largest_score_and_eight_do_not():
    assert [radius.fewest_walks(level) for level in (0.5, 0.8, 0.9, 0.95)] == [1, 4, 9, 19]
    assert radius.factor(np.arange(9.0), ONE[:9], np.arange(9)) == 8
    with pytest.raises(InputError, match="8 walks calibrate no radius of 90 %; survey 9 walks"):
        radius.factor(np.arange(8.0), ONE[:8], np.arange(8))
    with pytest.raises(InputError, match="0 walks"):
        radius.factor(np.zeros(0), np.zeros(0), np.zeros(0, int))


@given(st.permutations(range(30)), st.floats(0.01, 100))
def test_order_does_not_matter_and_a_unit_of_sigma_falls_out(order, unit):
    draw = np.random.default_rng(0)
    error_m, sigma_m, walk = draw.random(30), draw.random(30) + 0.1, np.arange(30) // 3
    told = radius.factor(error_m, sigma_m, walk)
    asked = radius.factor(error_m[order], unit * sigma_m[order], walk[order])
    assert asked * unit == pytest.approx(told)


def test_new_walks_are_covered_as_often_as_asked_though_each_has_a_scale_of_its_own():
    """Sigma knows nothing of it; a tenth to a tenth and 1/21 lies outside, 1000 draws of 21."""
    draw = np.random.default_rng(0)
    shares = []
    for _ in range(1000):
        length = draw.integers(5, 60, 21)
        walk = np.repeat(np.arange(21), length)
        scale = np.exp(draw.normal(size=21))[walk]
        error_m = scale * draw.rayleigh(size=len(walk))
        known = walk < 20
        sigma_m = np.full(len(walk), 0.3)
        by = radius.factor(error_m[known], sigma_m[known], walk[known])
        new = radius.covered(error_m[~known], by * sigma_m[~known], walk[~known])
        shares.append(new.pooled)
    # Its standard error over the draws is below 0.01.
    assert 0.88 < np.mean(shares) < 0.9 + 1 / 21 + 0.02


def test_coverage_pooled_and_by_walk():
    found = radius.covered(np.array([1.0, 2, 3, 4]), np.full(4, 3.0), np.array([7, 7, 7, 2]))
    assert found.pooled == 0.75
    assert found.by_walk.tolist() == [0, 1]
    assert np.isnan(radius.covered(np.zeros(0), np.zeros(0), np.zeros(0, int)).pooled)
