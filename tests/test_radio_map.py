"""The radio map by hand, against scikit-learn, and walk by walk against a map made anew."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from mtloc_jax.errors import InputError
from mtloc_jax.experts import radio_map
from mtloc_jax.experts.scan_table import ScanTable


def table(level, xy_m, walk=None, bssids=None):
    level = np.array(level, np.float32)
    still = np.zeros(len(level), np.int64)
    walk = np.arange(len(level)) if walk is None else np.array(walk)
    names = np.array([f"{a:02}" for a in range(level.shape[1])]) if bssids is None else bssids
    age_ms = np.where(level > 0, 0, np.inf).astype(np.float32)
    return ScanTable(
        level, age_ms, still, still, np.array(xy_m, float), walk.astype(np.int32), np.array(names)
    )


def random_table(seed=0, scans=24, points=6, walks=5):
    """Return scans of a 40 m square; each access point is heard within some 25 m of its place."""
    draw = np.random.default_rng(seed)
    xy_m = draw.uniform(0, 40, (scans, 2))
    away_m = np.linalg.norm(xy_m[:, None] - draw.uniform(0, 40, (points, 2)), axis=2)
    level = np.clip(60 - 2 * away_m + draw.normal(size=away_m.shape), 0, 70)
    return table(level, xy_m, np.sort(draw.integers(0, walks, scans)))


def test_one_scan_by_hand():
    """At its place the kernel is 1: mean 26 / 1.3 = 20 of 26 dB, variance s (1.3 - 1 / 1.3)."""
    found = radio_map.mapped(table([[31.0]], [[0, 0]]), np.array([[0.0, 0], [1e6, 0]]))
    np.testing.assert_allclose(found.mean_db, [[20], [0]], atol=1e-9)
    spread = 26**2 / 1.3
    np.testing.assert_allclose(found.var, [spread * (1.3 - 1 / 1.3), spread * 1.3])
    asked = table([[31.0, 15.0]], [[0, 0]], bssids=["00", "other"])
    # 6 and 26 dB off an expected 20 and 0; 10 dB of a point that was never surveyed, both times.
    square = np.array([6**2, 26**2]) + 10**2
    expected = -(square / found.var + 2 * np.log(found.var)) / 100
    np.testing.assert_allclose(radio_map.log_likelihood(found, asked), [expected])


def test_the_map_is_a_gaussian_process_of_scikit_learn():
    survey = random_table()
    at_m = np.random.default_rng(1).uniform(-10, 50, (15, 2))
    found = radio_map.mapped(survey, at_m)
    judge = GaussianProcessRegressor(Matern(20.0, "fixed", nu=1.5), alpha=0.3, optimizer=None)
    mean, sd = judge.fit(survey.xy_m, np.maximum(survey.level - 5.0, 0)).predict(at_m, True)
    np.testing.assert_allclose(found.mean_db, mean, atol=1e-8)
    np.testing.assert_allclose(found.var / found.var[0], (sd**2 + 0.3)[:, 0] / (sd**2 + 0.3)[0, 0])


def test_walk_by_walk_it_is_a_map_made_anew():
    survey = random_table(2)
    level = survey.level.copy()
    level[survey.walk == 1, 3] = 40  # heard by one walk alone
    level[survey.walk != 1, 3] = 0
    survey = survey._replace(level=level)
    at_m = np.random.default_rng(3).uniform(0, 40, (30, 2))
    found = radio_map.log_likelihood_heeding(survey, survey, at_m, ~np.eye(5, dtype=bool))
    for walk in np.unique(survey.walk):
        own = survey.walk == walk
        anew = radio_map.mapped(survey.at(~own), at_m)
        expected = radio_map.log_likelihood(anew, survey.at(own))
        np.testing.assert_allclose(found[own], expected, atol=1e-9)


def test_walk_by_walk_scans_lie_where_a_map_anew_puts_them():
    survey = random_table(7, scans=40)
    # The corners belong to two walks each: no walk is needed for the survey's extent.
    corners = np.array([[0.0, 0], [40, 40]])
    survey = survey._replace(xy_m=np.concatenate([corners, survey.xy_m[2:-2], corners]))
    found = radio_map.locate_each_walk(survey)
    for walk in np.unique(survey.walk):
        own = survey.walk == walk
        for one, other in zip(
            found, radio_map.locate(survey.at(~own), survey.at(own)), strict=True
        ):
            np.testing.assert_allclose(one[own], other, atol=1e-6)


def test_scans_are_placed_near_where_they_were():
    xy_m = np.stack(np.meshgrid(np.arange(0, 60, 5.0), np.arange(0, 30, 5.0)), -1).reshape(-1, 2)
    points = np.random.default_rng(0).uniform((0, 0), (60, 30), (400, 2))
    level = np.clip(50 - 3 * np.linalg.norm(xy_m[:, None] - points, axis=2), 0, 70)
    survey = table(level, xy_m)
    asked = np.arange(len(xy_m)) % 7 == 3
    found, sigma_m = radio_map.locate(survey.at(~asked), survey.at(asked))
    off_m = np.linalg.norm(found - xy_m[asked], axis=1)
    assert off_m.mean() < 5
    assert (off_m / sigma_m).max() < 3


def test_naming_access_points_otherwise_or_shuffling_the_survey_changes_nothing():
    survey, asked = random_table(4), random_table(5)
    told = radio_map.locate(survey, asked)
    order = np.random.default_rng(0).permutation(len(survey.level))
    turned = np.array([f"{9 - a}" for a in range(6)])
    named = (
        one._replace(level=one.level[:, ::-1], age_ms=one.age_ms[:, ::-1], bssids=np.sort(turned))
        for one in (survey.at(order), asked)
    )
    for one, other in zip(told, radio_map.locate(*named), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_scan_with_nothing_in_common_says_where_the_survey_was_not():
    survey = random_table(6)
    asked = table([[0.0], [60.0]], np.zeros((2, 2)), bssids=["elsewhere"])
    xy_m, sigma_m = radio_map.locate(survey, asked)
    assert np.isfinite(xy_m).all()
    assert sigma_m[1] > 8


def test_a_silent_survey_maps_nothing():
    silent = table(np.full((2, 3), 4.0), np.zeros((2, 2)))
    with pytest.raises(InputError, match="the survey heard nothing; survey at least one walk"):
        radio_map.locate(silent, random_table())
    with pytest.raises(InputError, match="heard nothing"):
        radio_map.around(random_table().at(np.zeros(0, int)))
    alone = table([[50.0]], [[0, 0]])
    with pytest.raises(InputError, match="heard nothing"):
        radio_map.log_likelihood_heeding(alone, alone, np.zeros((1, 2)), np.zeros((1, 1), bool))


def test_a_posterior_is_summed_up_by_hand():
    """Two cells of equal weight 3 m apart: 1.5 m of spread along one axis of two, and more."""
    cells = radio_map.covering(np.array([[0.0, 0], [6, 3]]))
    xy_m, sigma_m = radio_map.summed_up(np.zeros((1, 2)), cells)
    np.testing.assert_allclose(xy_m, [[3, 1.5]])
    np.testing.assert_allclose(sigma_m, [np.sqrt(1.5**2 / 2 + 9 / 12 + radio_map.UNMAPPED_M**2)])
