"""Errors in metres, worked out by hand and against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mtloc_jax.core.metrics import cdf, errors_m, summary
from mtloc_jax.rows import METRICS, QUANTILES

ERRORS = arrays(np.float32, 23, elements=st.floats(0, 200, width=32))


def test_an_error_is_the_straight_line_between_two_positions():
    predicted_m = np.array([[3.0, 4.0], [1.0, 1.0], [-2.0, 0.0]])
    true_m = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, -12.0]])
    assert errors_m(predicted_m, true_m).tolist() == [5, 0, 13]


def test_mean_and_median_are_not_confused():
    # 0, 1, 2, 3, 14: mean 4, median 2; deviations -4 -3 -2 -1 10 squared sum to 130.
    told = dict(zip(METRICS, summary(np.array([14.0, 0, 3, 1, 2])).tolist(), strict=True))
    assert (told["mean_m"], told["median_m"]) == (4, 2)
    assert told["std_m"] == pytest.approx(np.sqrt(130 / 5))
    assert told["p75_m"] == 3
    # Linear between order statistics: 3.6 and 3.8 steps of four into the sorted errors.
    assert told["p90_m"] == pytest.approx(3 + 0.6 * 11)
    assert told["p95_m"] == pytest.approx(3 + 0.8 * 11)


def test_the_cdf_runs_from_the_least_to_the_greatest_error_in_steps_of_two_per_cent():
    told = dict(zip(QUANTILES, cdf(np.arange(51.0)).tolist(), strict=True))
    assert told == {q: pytest.approx(q / 2) for q in range(0, 101, 2)}


@given(ERRORS)
@settings(deadline=None, derandomize=True, max_examples=25)
def test_the_metrics_agree_with_numpy(error_m):
    # float32 places a quantile within about 1e-5 of a step between neighbouring errors.
    exact = error_m.astype(np.float64)
    expected = [exact.mean(), exact.std(), *np.percentile(exact, [50, 75, 90, 95])]
    assert summary(error_m).tolist() == pytest.approx(expected, rel=1e-5, abs=2e-3)
    assert cdf(error_m).tolist() == pytest.approx(
        np.percentile(exact, QUANTILES).tolist(), rel=1e-5, abs=2e-3
    )


@given(ERRORS)
@settings(deadline=None, derandomize=True, max_examples=25)
def test_a_cdf_never_falls_and_the_order_of_windows_does_not_matter(error_m):
    # Interpolating between equal errors may round a hair downwards.
    assert np.all(np.diff(cdf(error_m)) >= -1e-5 * (1 + cdf(error_m)[1:]))
    assert np.array_equal(cdf(error_m), cdf(error_m[::-1]))


def test_leading_axes_are_runs_judged_each_by_itself():
    error_m = np.random.default_rng(0).gamma(2, 1, (3, 4, 31)).astype(np.float32)
    assert summary(error_m).shape == (3, 4, len(METRICS))
    assert cdf(error_m).shape == (3, 4, len(QUANTILES))
    assert summary(error_m)[2, 1].tolist() == pytest.approx(summary(error_m[2, 1]).tolist())
    assert cdf(error_m)[2, 1].tolist() == pytest.approx(cdf(error_m[2, 1]).tolist())
