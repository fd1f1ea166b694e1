"""The Gaussian process, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.cards import gaussian_process
from mtloc_jax.cards.baselines import Survey, gaussian


def test_where_noise_is_least_likely_the_known_positions_come_back():
    dbm = np.linspace(-90, -40, 21)[:, None]
    xy_m = np.hstack([np.sin(dbm / 10), np.cos(dbm / 10)]) * 10
    assert gaussian_process.regress(dbm, xy_m, dbm) == pytest.approx(xy_m, abs=0.1)


def test_the_positions_between_are_interpolated():
    dbm = np.linspace(-90, -40, 21)[:, None]
    between = (dbm[:-1] + dbm[1:]) / 2
    xy_m = np.hstack([dbm + 90, 2 * (dbm + 90)])
    predicted = gaussian_process.regress(dbm, xy_m, between)
    assert predicted == pytest.approx(np.hstack([between + 90, 2 * (between + 90)]), abs=0.5)


def test_positions_that_follow_no_fingerprint_are_taken_for_noise():
    rng = np.random.default_rng(0)
    dbm, xy_m = rng.uniform(-90, -40, (200, 3)), rng.normal(0, 10, (200, 2))
    predicted = gaussian_process.regress(dbm, xy_m, dbm)
    assert np.std(predicted) < 0.5 * np.std(xy_m)


def test_far_from_every_known_fingerprint_the_mean_is_predicted():
    dbm = np.array([[-50.0], [-52.0], [-54.0]])
    xy_m = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
    predicted = gaussian_process.regress(dbm, xy_m, np.array([[5000.0]]))
    assert predicted[0] == pytest.approx([1, 2])


def test_one_known_fingerprint_is_enough():
    predicted = gaussian_process.regress(
        np.array([[-50.0]]), np.array([[3.0, 4.0]]), np.ones((2, 1))
    )
    assert predicted.tolist() == [[3, 4], [3, 4]]


def test_beyond_the_most_scans_a_seed_draws_which_are_used(monkeypatch):
    monkeypatch.setattr(gaussian_process, "MOST_SCANS", 10)
    rng = np.random.default_rng(0)
    dbm, xy_m = rng.uniform(-90, -40, (40, 3)), rng.normal(size=(40, 2))
    first, again, other = (gaussian_process.regress(dbm, xy_m, dbm, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(-100, 100))
def test_moving_the_survey_moves_the_predictions_alike(seed, shift_m):
    rng = np.random.default_rng(seed)
    dbm, asked = rng.uniform(-90, -40, (12, 4)), rng.uniform(-90, -40, (5, 4))
    xy_m = rng.normal(size=(12, 2))
    moved = gaussian_process.regress(dbm, xy_m + shift_m, asked)
    assert moved == pytest.approx(gaussian_process.regress(dbm, xy_m, asked) + shift_m, abs=1e-6)


def test_where_nothing_is_heard_the_surveys_mean_is_predicted():
    survey = Survey(np.array([[-50.0], [-60.0]], np.float32), np.array([[0.0, 0.0], [4.0, 2.0]]))
    assert gaussian(survey, np.full((1, 1), np.nan, np.float32)).tolist() == [[2, 1]]
