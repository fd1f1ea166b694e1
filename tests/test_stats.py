"""Intervals, p-values and corrections against hand-worked and simulated cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.report.stats import holm, paired_difference


def difference_of(*metres: float, n_resamples: int = 1999):
    return paired_difference(np.array(metres), np.zeros(len(metres)), n_resamples)


def test_the_difference_is_ours_minus_theirs_over_pairs() -> None:
    found = paired_difference(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 2.0, 6.0]), 99)
    assert found.mean_m == -1.0
    assert (found.n_better, found.n_seeds, found.n_blocks) == (3, 4, 1)


def test_the_effect_is_mean_over_deviation_with_hedges_correction() -> None:
    # Mean -2, deviation 1, two degrees of freedom: -2 * (1 - 3 / 7).
    assert difference_of(-1, -2, -3).effect == pytest.approx(-2 * 4 / 7)


def test_identical_arms_do_not_differ() -> None:
    found = difference_of(0, 0, 0, 0, 0)
    assert (found.low_m, found.high_m, found.p_value) == (0, 0, 1)
    assert np.isnan(found.effect)


@pytest.mark.parametrize("metres", [(-0.5,), (-0.5, -0.6), (-0.5, -0.6, -0.7)])
def test_below_four_seeds_no_interval_is_claimed(metres: tuple[float, ...]) -> None:
    found = difference_of(*metres)
    assert (found.low_m, found.high_m) == (-np.inf, np.inf)
    assert found.p_value > 0.05


def test_few_seeds_have_students_interval() -> None:
    # Mean -2.5, deviation 1.2910, error 0.6455; t of 0.975 with three degrees of freedom 3.1824.
    found = difference_of(-1, -2, -3, -4)
    assert (found.low_m, found.high_m) == pytest.approx((-4.5543, -0.4457), abs=1e-4)
    assert found.p_value == pytest.approx(0.03047, abs=1e-5)


def test_the_p_value_is_that_of_very_many_resamples() -> None:
    x = np.array([-0.1, -0.9, -0.4, 0.3, -0.8, 0.2, -0.7, -0.3])
    drawn = x[np.random.default_rng(1).integers(8, size=(200_000, 8))]
    errors = drawn.std(axis=1, ddof=1) / 8**0.5
    with np.errstate(divide="ignore"):
        departures = np.abs(drawn.mean(axis=1) - x.mean()) / np.where(errors > 1e-12, errors, 0)
    observed = abs(x.mean()) / (x.std(ddof=1) / 8**0.5)
    exact = np.mean(departures >= observed)
    assert difference_of(*x, n_resamples=9999).p_value == pytest.approx(exact, abs=0.01)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.floats(-5, 5), min_size=4, max_size=12), st.floats(0.01, 100))
def test_the_interval_scales_with_the_metres_and_agrees_with_the_p_value(
    metres: list[float], scale: float
) -> None:
    found = difference_of(*metres, n_resamples=399)
    scaled = difference_of(*(scale * value for value in metres), n_resamples=399)
    assert scaled.mean_m == pytest.approx(scale * found.mean_m, rel=1e-6, abs=1e-12)
    assert found.low_m <= found.mean_m <= found.high_m
    if np.ptp(metres) > 1e-3:
        assert scaled.p_value == pytest.approx(found.p_value, abs=0.01)
        assert (found.low_m > 0 or found.high_m < 0) == (found.p_value < 0.05)


def test_swapping_the_arms_mirrors_the_interval() -> None:
    ours, theirs = np.array([1.0, 2.0, 2.5, 4.0, 3.0]), np.array([2.0, 2.2, 3.5, 4.1, 3.9])
    there, back = paired_difference(ours, theirs, 499), paired_difference(theirs, ours, 499)
    assert (there.low_m, there.high_m) == pytest.approx((-back.high_m, -back.low_m))
    assert there.p_value == back.p_value


def test_blocks_that_disagree_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    of_seed, of_block = rng.normal(-1, 0.1, (8, 1)), rng.normal(0, 1.0, (1, 5))
    both = of_seed + of_block + rng.normal(0, 0.1, (8, 5))
    blind = paired_difference(both.mean(axis=1), np.zeros(8))
    aware = paired_difference(both, np.zeros((8, 5)))
    assert aware.n_blocks == 5
    assert aware.high_m - aware.low_m > 4 * (blind.high_m - blind.low_m)


def test_one_block_is_the_same_as_none() -> None:
    x = np.array([-0.1, -0.9, -0.4, 0.3, -0.8])
    assert paired_difference(x[:, None], np.zeros((5, 1)), 499) == difference_of(
        *x, n_resamples=499
    )


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


def coverage(draw, truth_m: float, trials: int) -> float:
    inside = 0
    for trial in range(trials):
        x = draw()
        found = paired_difference(x, np.zeros_like(x), 399, seed=trial)
        inside += found.low_m <= truth_m <= found.high_m
    return inside / trials


@pytest.mark.parametrize("n_seeds", [4, 7, 8, 16, 32])
def test_a_95_per_cent_interval_holds_the_truth_93_to_97_times_in_100(n_seeds: int) -> None:
    rng = np.random.default_rng(n_seeds)
    covered = coverage(lambda: rng.normal(-0.3, 0.2, n_seeds), -0.3, trials=1000)
    assert 0.93 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("spreads_m", [(0.1, 0.5, 0.2), (0.3, 0.1, 0.2), (0.3, 0.3, 0.2)])
def test_the_interval_over_seeds_and_rounds_covers_as_often(
    spreads_m: tuple[float, float, float],
) -> None:
    rng = np.random.default_rng(7)
    of_seed, of_round, rest = spreads_m

    def draw() -> np.ndarray:
        crossed = rng.normal(0, of_seed, (10, 1)) + rng.normal(0, of_round, (1, 14))
        return crossed + rng.normal(0, rest, (10, 14))

    assert 0.93 <= coverage(draw, 0.0, trials=2000) <= 0.97
