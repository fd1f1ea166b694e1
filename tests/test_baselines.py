"""Baselines worked out by hand, and against what is known of the real sets."""

import builtins

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.cards import baselines
from mtloc_jax.cards.baselines import Survey
from mtloc_jax.errors import InputError
from mtloc_jax.sites import recordings
from mtloc_jax.sites.windows import WindowSpec

NAN = np.nan
SURVEY = Survey(
    np.array([[-50, NAN], [-60, NAN], [NAN, -50]], np.float32),
    np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 8.0]]),
)


def error_m(name, site, split="test"):
    train, rows = site.rows("train"), site.rows(split)
    predicted = baselines.predict(name, site, train, rows)
    return np.linalg.norm(predicted - site.windows.xy_m[rows], axis=1)


@pytest.fixture(scope="module")
def simulated():
    return recordings.open_site("simulated-a", "", WindowSpec(), simulated_round_s=20.0)


def test_the_constant_is_the_mean_of_the_training_positions():
    xy_m = np.array([[0.0, 1.0], [2.0, 5.0]])
    assert baselines.constant(xy_m, 3).tolist() == [[1, 3]] * 3


def test_elapsed_time_is_the_mean_of_the_walks_at_that_time():
    ms = np.array([0, 1000, 0, 2000])
    xy_m = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [4.0, 2.0]])
    trace = np.array([0, 0, 7, 7])
    predicted = baselines.elapsed_time(ms, xy_m, trace, np.array([0, 500, 2000, 9000]))
    # The first walk is over after 1 s and stays at (1, 0).
    assert predicted.tolist() == [[0, 0], [0.75, 0.25], [2.5, 1], [2.5, 1]]


def test_the_nearest_fingerprint_counts_what_was_not_heard_as_just_too_weak():
    # Floor is -61: (-60, floor) is 10 dB from the first, 0 from the second.
    asked = np.array([[-60, NAN], [NAN, -52], [-55, NAN]], np.float32)
    assert baselines.nearest(SURVEY, asked, k=1).tolist() == [[4, 0], [0, 8], [0, 0]]
    assert baselines.nearest(SURVEY, asked[2:], k=2).tolist() == [[2, 0]]


def test_a_weighted_neighbour_counts_by_the_inverse_of_its_distance():
    asked = np.array([[-52, NAN]], np.float32)  # 2 dB from the first, 8 dB from the second
    ((x, y),) = baselines.nearest(SURVEY, asked, k=2, weighted=True)
    assert x == pytest.approx(4 * 2 / 10, abs=1e-3)
    assert y == 0


def test_where_nothing_is_heard_the_mean_position_is_predicted():
    silent = np.full((1, 2), NAN, np.float32)
    assert baselines.nearest(SURVEY, silent).tolist() == [SURVEY.xy_m.mean(axis=0).tolist()]
    assert baselines.forest(SURVEY, silent).tolist() == [SURVEY.xy_m.mean(axis=0).tolist()]


def test_a_survey_that_heard_nothing_is_a_named_error():
    empty = Survey(np.zeros((0, 2), np.float32), np.zeros((0, 2)))
    with pytest.raises(InputError, match="no training scan heard an access point"):
        baselines.nearest(empty, SURVEY.dbm)
    with pytest.raises(InputError, match="no training scan heard an access point"):
        baselines.forest(empty, SURVEY.dbm)


def test_an_access_point_that_the_survey_never_heard_says_nothing():
    asked = np.array([[-60, -40, NAN], [NAN, -40, NAN]], np.float32)
    survey = SURVEY._replace(dbm=np.insert(SURVEY.dbm, 1, NAN, axis=1))
    without = baselines.nearest(SURVEY, asked[:, [0, 2]], weighted=True)
    assert np.array_equal(baselines.nearest(survey, asked, weighted=True), without)
    assert without[1].tolist() == SURVEY.xy_m.mean(axis=0).tolist()


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
def test_a_prediction_lies_within_the_surveyed_box(seed, k, weighted):
    rng = np.random.default_rng(seed)
    dbm = np.where(rng.random((12, 5)) < 0.5, NAN, rng.uniform(-95, -30, (12, 5)))
    dbm[0] = -50
    xy_m = rng.normal(size=(12, 2))
    predicted = baselines.nearest(Survey(dbm, xy_m), dbm, k, weighted=weighted)
    assert np.all(predicted >= xy_m.min(axis=0) - 1e-9)
    assert np.all(predicted <= xy_m.max(axis=0) + 1e-9)


def test_a_block_of_queries_is_predicted_as_one_by_one(monkeypatch):
    rng = np.random.default_rng(0)
    asked = rng.uniform(-90, -40, (9, 2)).astype(np.float32)
    whole = baselines.nearest(SURVEY, asked)
    monkeypatch.setattr(baselines, "_BLOCK", 2)
    assert np.array_equal(whole, baselines.nearest(SURVEY, asked))


def test_without_scikit_learn_the_forest_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"needs scikit-learn; pip install 'mtloc-jax\[baselines"):
        baselines.forest(SURVEY, SURVEY.dbm)


def test_every_baseline_predicts_every_window_of_a_site(simulated):
    rows = simulated.rows("test")
    for name in baselines.BASELINES:
        predicted = baselines.predict(name, simulated, simulated.rows("train"), rows)
        assert predicted.shape == (len(rows), 2)
        assert np.all(np.isfinite(predicted))


def test_wifi_beats_the_constant_in_the_simulated_building(simulated):
    for name in baselines.BASELINES[2:]:
        wifi_m = error_m(name, simulated, "validation").mean()
        assert wifi_m < 0.6 * error_m("constant", simulated, "validation").mean()


def test_a_survey_holds_each_scan_once_at_the_mean_of_its_windows(simulated):
    rows = simulated.rows("train")
    survey = baselines.survey_of(simulated, rows)
    used = np.setdiff1d(simulated.scan[rows], [0])
    assert len(survey.dbm) == len(used)
    of_first = rows[simulated.scan[rows] == used[0]]
    assert survey.xy_m[0] == pytest.approx(simulated.windows.xy_m[of_first].mean(axis=0))


def test_an_unknown_baseline_is_answered_with_the_known_ones(simulated):
    with pytest.raises(InputError, match="choose from constant, elapsed-time"):
        baselines.predict("oracle", simulated, simulated.rows("train"), simulated.rows("test"))


def test_edinburgh_errs_as_its_description_says(data_dir):
    site = recordings.open_site("mmloc/edinburgh", str(data_dir), WindowSpec())
    assert error_m("constant", site).mean() == pytest.approx(16.3, abs=0.05)
    assert error_m("elapsed-time", site).mean() == pytest.approx(9.3, abs=0.1)
    assert error_m("wifi-knn", site).mean() < 0.5


def test_the_clock_finds_the_way_in_bucharest_and_not_in_site_1(data_dir):
    bucharest = recordings.open_site("mmloc/bucharest", str(data_dir), WindowSpec())
    assert error_m("elapsed-time", bucharest).mean() < 0.25 * error_m("constant", bucharest).mean()
    floor = recordings.open_site("location20/site1/B1", str(data_dir), WindowSpec())
    assert error_m("elapsed-time", floor).mean() > 0.9 * error_m("constant", floor).mean()
    assert np.median(error_m("wifi-knn", floor, "validation")) == pytest.approx(6.9, abs=2)
