"""What Student's t says of a mean, against examples that were published."""

import numpy as np
import pytest

from mtloc_jax.report.student import Estimate

TOSTER = Estimate(0.08, (1.17**2 + 1.29**2 - 2 * 0.75 * 1.17 * 1.29) ** 0.5 / 65**0.5, 64)
"""The pairs of TOSTER's manual (R; Lakens 2017): n = 65, means 5.83 and 5.75, r = 0.75."""


def of_spread(n: float, spread_m: float = 1.0) -> Estimate:
    return Estimate(0.0, spread_m / n**0.5, n - 1)


def test_two_one_sided_tests_are_those_of_toster() -> None:
    # By hand: deviation 0.8770, error 0.1088; bounds of 0.4 deviations are 0.3508 m, so that the
    # nearer one is (0.3508 - 0.08) / 0.1088 = 2.490 errors away; t of 64 beyond that: 0.0077.
    assert TOSTER.p_within(0.4 * 0.87695) == pytest.approx(0.0077, abs=1e-4)
    assert TOSTER.p_value == pytest.approx(0.465, abs=1e-3)


def test_the_90_per_cent_interval_and_one_sided_p_are_those_of_unistat() -> None:
    # UNISTAT's guide, 6.1.2: -6.625, error 4.5965, 30 degrees of freedom, margin of 1.
    found = Estimate(-6.625, 4.5965, 30)
    assert found.interval(0.9) == pytest.approx((-14.4265, 1.1765), abs=1e-4)
    assert found.p_within(1.0) == pytest.approx(1 - 0.1153, abs=1e-4)


@pytest.mark.parametrize("share", [0.5, 0.999, 1.001, 2.0])
def test_a_margin_is_kept_exactly_where_the_90_per_cent_interval_lies_within(share: float) -> None:
    low, high = TOSTER.interval(0.9)
    margin_m = share * max(-low, high)
    assert (TOSTER.p_within(margin_m) <= 0.05) == (share >= 1)


def test_the_effect_that_could_be_found_is_dalgaards() -> None:
    # Introductory Statistics with R (2008), 8.3: 19.96892 pairs whose differences deviate by
    # 10 sqrt 2 find 10 with a power of 85 %.
    assert of_spread(19.96892, 200**0.5).could_find(0.85) == pytest.approx(10, abs=1e-4)


@pytest.mark.parametrize(
    ("n", "family", "spreads"), [(5, 1, 1.7), (5, 6, 2.75), (5, 40, 4.5), (16, 9, 1.04)]
)
def test_a_family_of_claims_could_find_what_an_independent_check_found(n, family, spreads) -> None:
    level = 1 - 0.05 / family
    assert of_spread(n).could_find(level=level) == pytest.approx(spreads, rel=0.015)


@pytest.mark.parametrize("n", [4, 10, 20])
def test_what_could_be_found_is_found_four_times_in_five(n: int) -> None:
    # At the true spread, not at one that was measured.
    true_m = of_spread(n).could_find()
    values = np.random.default_rng(n).normal(true_m, 1, (20_000, n))
    t = values.mean(axis=1) / values.std(axis=1, ddof=1) * n**0.5
    low = Estimate(0, 1, n - 1).interval()[1]
    assert np.mean(np.abs(t) > low) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4.5, 30, 1e4])
def test_any_degrees_of_freedom_have_an_effect_that_could_be_found(freedom: float) -> None:
    found = Estimate(0, 1, freedom).could_find()
    assert 2.8 < found < 17


def test_an_error_of_nothing_leaves_no_doubt() -> None:
    sure = Estimate(0.3, 0.0, 1)
    assert sure.interval() == (0.3, 0.3)
    assert (sure.p_value, sure.p_within(0.5), sure.p_within(0.2), sure.could_find()) == (0, 0, 1, 0)


def test_an_unknown_error_leaves_every_doubt() -> None:
    unknown = Estimate(0.3, np.inf, 1)
    assert unknown.interval() == (-np.inf, np.inf)
    assert (unknown.p_value, unknown.could_find()) == (1, np.inf)
    assert unknown.p_within(0.5) == 0.5
