"""Predictors worked out by hand, against plain NumPy, and against what is known of real sets."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax import predictors
from mtloc_jax.arms import ARMS, PREDICTORS
from mtloc_jax.errors import InputError
from mtloc_jax.predictors import (
    constant,
    elapsed_time,
    forest,
    gaussian_process,
    knn,
    weighted_knn,
)
from mtloc_jax.settings import Settings, Window, replaced
from mtloc_jax.sites import recordings
from mtloc_jax.sites.survey import before_scan, survey_of

NAN = np.nan
BY_WIFI = (knn, weighted_knn, predictors.cosine_knn, forest, gaussian_process)
SURVEY_DBM = [[-50, NAN], [-60, NAN], [NAN, -50]]
SURVEY_XY_M = [[0.0, 0.0], [4.0, 0.0], [0.0, 8.0]]


def surveyed(dbm, xy_m, asked):
    """Return a site of one scan a window, the surveyed windows and those asked for."""
    dbm, asked = np.array(dbm, np.float32), np.array(asked, np.float32)
    table = np.concatenate([np.full((1, dbm.shape[1]), NAN, np.float32), dbm, asked])
    scan = np.arange(1, len(table))
    there = np.concatenate([xy_m, np.zeros((len(asked), 2))])
    site = SimpleNamespace(
        name="toy", wifi_dbm=table, scan=scan, windows=SimpleNamespace(xy_m=there)
    )
    rows = np.arange(len(scan))
    return site, rows[: len(dbm)], rows[len(dbm) :]


def asked_in_toy(predict, asked, **chosen):
    return predict(*surveyed(SURVEY_DBM, SURVEY_XY_M, asked), **chosen)


def process(known, xy_m, asked, seed=0):
    """Predict with a Gaussian process on levels that are all heard."""
    return gaussian_process(*surveyed(known, xy_m, asked), seed=seed)


def error_m(name, site, split="test"):
    rows = site.rows(split)
    predicted = ARMS[name].predict(site, site.rows("train"), rows)
    return np.linalg.norm(predicted - site.windows.xy_m[rows], axis=1)


def real(name, data_dir):
    return recordings.cut(recordings.open_recordings(name, str(data_dir)), Window())


@pytest.fixture(scope="module")
def simulated():
    found = recordings.open_recordings("simulated-a", "", simulated_round_s=20.0)
    return recordings.cut(found, Window())


def test_the_constant_is_the_mean_of_the_training_positions():
    xy_m = np.array([[0.0, 1.0], [2.0, 5.0], [99.0, 99.0]])
    site = SimpleNamespace(windows=SimpleNamespace(xy_m=xy_m))
    assert constant(site, np.array([0, 1]), np.array([0, 1, 2])).tolist() == [[1, 3]] * 3


def test_elapsed_time_is_the_mean_of_the_walks_at_that_time():
    start_ms = np.repeat([5000, 0, 700], [2, 2, 4])
    ms = np.array([0, 1000, 0, 2000, 0, 500, 2000, 9000]) + start_ms
    xy_m = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [4.0, 2.0], *[[NAN, NAN]] * 4])
    site = SimpleNamespace(
        windows=SimpleNamespace(xy_m=xy_m, end_ms=ms),
        trace=np.array([0, 0, 1, 1, 2, 2, 2, 2]),
        trace_names=("a", "b", "asked"),
    )
    predicted = elapsed_time(site, np.arange(4), np.arange(4, 8))
    # The first walk is over after 1 s and stays at (1, 0).
    assert predicted.tolist() == [[0, 0], [0.75, 0.25], [2.5, 1], [2.5, 1]]


def test_the_nearest_fingerprint_counts_what_was_not_heard_as_just_too_weak():
    # Floor is -61: (-60, floor) is 10 dB from the first, 0 from the second.
    asked = [[-60, NAN], [NAN, -52], [-54, NAN]]
    assert asked_in_toy(knn, asked, k=1).tolist() == [[4, 0], [0, 8], [0, 0]]
    assert asked_in_toy(knn, asked[2:], k=2).tolist() == [[2, 0]]


def test_a_weighted_neighbour_counts_by_the_inverse_of_its_distance():
    ((x, y),) = asked_in_toy(weighted_knn, [[-52, NAN]], k=2)  # 2 dB and 8 dB away
    assert x == pytest.approx(4 * 2 / 10, abs=1e-3)
    assert y == 0


def test_more_neighbours_than_scans_are_all_the_scans():
    mean = np.mean(SURVEY_XY_M, axis=0)
    assert asked_in_toy(knn, [[-52, NAN]], k=55) == pytest.approx(mean[None])


@pytest.mark.parametrize("predict", BY_WIFI)
def test_where_nothing_is_heard_the_mean_position_is_predicted(predict):
    silent, heard = [NAN, NAN], [-50, NAN]
    mean = np.mean(SURVEY_XY_M, axis=0).tolist()
    assert asked_in_toy(predict, [silent]).tolist() == [mean]
    assert asked_in_toy(predict, [silent, heard])[0].tolist() == mean


@pytest.mark.parametrize("predict", BY_WIFI)
def test_a_survey_that_heard_nothing_is_a_named_error(predict):
    silent = surveyed([[NAN, NAN]], [[1.0, 2.0]], [[-50, NAN]])
    no_access_point = surveyed(np.zeros((2, 0)), np.zeros((2, 2)), np.zeros((1, 0)))
    site, train, asked = surveyed(SURVEY_DBM, SURVEY_XY_M, SURVEY_DBM)
    for toy in (silent, no_access_point, (site, train[:0], asked)):
        with pytest.raises(InputError, match="no training scan of toy heard an access point; lea"):
            predict(*toy)


@pytest.mark.parametrize("predict", BY_WIFI)
def test_an_access_point_that_the_survey_never_heard_says_nothing(predict):
    asked = np.array([[-60, -40, NAN], [NAN, -40, NAN]])
    unheard = np.insert(np.array(SURVEY_DBM), 1, NAN, axis=1)
    predicted = predict(*surveyed(unheard, SURVEY_XY_M, asked))
    assert np.array_equal(predicted, asked_in_toy(predict, asked[:, [0, 2]]))
    assert predicted[1].tolist() == np.mean(SURVEY_XY_M, axis=0).tolist()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_neighbours_are_those_of_plain_numpy_and_the_first_of_equally_near_ones(seed, k):
    rng = np.random.default_rng(seed)
    dbm = np.where(rng.random((48, 5)) < 0.5, NAN, rng.integers(-60, -55, (48, 5)))
    dbm[:, 0] = rng.integers(-60, -55, 48)  # nobody hears nothing
    known, asked, xy_m = dbm[:40], dbm[40:], rng.normal(size=(40, 2))
    heard = ~np.isnan(known).all(axis=0)
    filled = np.where(np.isnan(dbm), np.nanmin(known) - 1, dbm)[:, heard]
    apart = np.sqrt(((filled[40:, None] - filled[None, :40]) ** 2).sum(axis=2))
    nearest = np.array([sorted(range(40), key=lambda i, row=row: (row[i], i))[:k] for row in apart])
    weight = 1 / (np.take_along_axis(apart, nearest, axis=1) + 1e-3)[:, :, None]
    site = surveyed(known, xy_m, asked)
    assert knn(*site, k=k) == pytest.approx(xy_m[nearest].mean(axis=1), abs=1e-9)
    by_hand = (weight * xy_m[nearest]).sum(axis=1) / weight.sum(axis=1)
    assert weighted_knn(*site, k=k) == pytest.approx(by_hand, abs=1e-9)


def test_the_forest_finds_a_step_and_its_seed_decides_which_trees():
    dbm = np.repeat([[-90.0], [-40.0]], 30, axis=0)
    xy_m = np.hstack([dbm / 10, -dbm / 10])
    assert forest(*surveyed(dbm, xy_m, [[-85], [-45]])) == pytest.approx(
        np.array([[-9, 9], [-4, 4]])
    )
    noisy = surveyed(dbm, np.random.default_rng(0).normal(size=(60, 2)), [[-85], [-45]])
    assert np.array_equal(forest(*noisy, seed=1), forest(*noisy, seed=1))
    assert not np.array_equal(forest(*noisy, seed=1), forest(*noisy, seed=2))


def test_the_process_gives_the_known_positions_back_where_noise_is_unlikely():
    dbm = np.linspace(-90, -40, 21)[:, None]
    xy_m = np.hstack([np.sin(dbm / 10), np.cos(dbm / 10)]) * 10
    assert process(dbm, xy_m, dbm) == pytest.approx(xy_m, abs=0.1)


def test_the_process_interpolates_between_known_positions():
    dbm = np.linspace(-90, -40, 21)[:, None]
    between = (dbm[:-1] + dbm[1:]) / 2
    xy_m = np.hstack([dbm + 90, 2 * (dbm + 90)])
    expected = np.hstack([between + 90, 2 * (between + 90)])
    assert process(dbm, xy_m, between) == pytest.approx(expected, abs=0.5)


def test_the_process_takes_positions_that_follow_no_fingerprint_for_noise():
    rng = np.random.default_rng(0)
    dbm, xy_m = rng.uniform(-90, -40, (200, 3)), rng.normal(0, 10, (200, 2))
    assert np.std(process(dbm, xy_m, dbm)) < 0.5 * np.std(xy_m)


def test_the_process_predicts_the_mean_far_from_every_known_fingerprint():
    xy_m = [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    assert process([[-50], [-52], [-54]], xy_m, [[5000]])[0] == pytest.approx([1, 2])


def test_one_known_fingerprint_is_enough_for_the_process():
    assert process([[-50]], [[3.0, 4.0]], [[-51], [-80]]).tolist() == [[3, 4], [3, 4]]


def test_the_process_draws_by_seed_which_scans_it_uses_beyond_the_most(monkeypatch):
    monkeypatch.setattr(predictors, "MOST_SCANS", 10)
    rng = np.random.default_rng(0)
    dbm, xy_m = rng.uniform(-90, -40, (40, 3)), rng.normal(size=(40, 2))
    first, again, other = (process(dbm, xy_m, dbm, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_process_is_the_likeliest_of_its_grid_by_plain_numpy():
    rng = np.random.default_rng(0)
    known, asked = rng.integers(-90, -40, (30, 2)), rng.integers(-90, -40, (9, 2))
    xy_m = np.stack([np.sin(known[:, 0] / 15), known[:, 1] / 20], axis=1)
    xy_m += rng.normal(0, 0.2, xy_m.shape)
    from_mean = xy_m - xy_m.mean(axis=0)
    apart = np.linalg.norm(known[:, None] - known[None], axis=2)
    far = np.linalg.norm(asked[:, None] - known[None], axis=2)
    fits = []
    for length in np.array([0.125, 0.25, 0.5, 1, 2]) * np.median(apart):
        for noise in (1e-3, 1e-2, 0.03, 0.1, 0.3, 1):
            covariance = np.exp(-(apart**2) / (2 * length**2)) + noise * np.eye(30)
            weights = np.linalg.solve(covariance, from_mean)
            variance = np.sum(from_mean * weights) / from_mean.size  # where the likelihood peaks
            # log N(x; 0, variance * covariance) + log N(y; ..), whose exponents add to a constant
            log_det = 2 * np.linalg.slogdet(variance * covariance)[1]
            fits.append((-log_det / 2, np.exp(-(far**2) / (2 * length**2)) @ weights))
    _, likeliest = max(fits, key=lambda fit: fit[0])
    assert process(known, xy_m, asked) == pytest.approx(xy_m.mean(axis=0) + likeliest, abs=1e-8)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(-100, 100))
def test_moving_the_survey_moves_the_predictions_of_the_process_alike(seed, shift_m):
    rng = np.random.default_rng(seed)
    dbm, asked = rng.uniform(-90, -40, (12, 4)), rng.uniform(-90, -40, (5, 4))
    xy_m = rng.normal(size=(12, 2))
    moved = process(dbm, xy_m + shift_m, asked)
    assert moved == pytest.approx(process(dbm, xy_m, asked) + shift_m, abs=1e-6)


@pytest.mark.parametrize("name", PREDICTORS)
def test_every_predictor_answers_every_window_of_a_site(simulated, name):
    rows = simulated.rows("test")
    predicted = ARMS[name].predict(simulated, simulated.rows("train"), rows, 0, 2)
    assert predicted.shape == (len(rows), 2)
    assert np.all(np.isfinite(predicted))


@pytest.mark.parametrize("name", [name for name in PREDICTORS if ARMS[name].predict in BY_WIFI])
def test_wifi_beats_the_constant_in_the_simulated_building(simulated, name):
    fixed_m = error_m("constant", simulated, "validation").mean()
    assert error_m(name, simulated, "validation").mean() < 0.6 * fixed_m


def test_the_cosine_of_levels_above_100_dbm_is_worked_out_by_hand():
    # Levels: a (70, 0), b (30, 30), c (1, 60); asked (20, 21), which is b but for its loudness.
    dbm = np.array([[-20, np.nan], [-70, -70], [-120, -40], [-80, -79]])
    levels = predictors._above_100_dbm(dbm, None)
    assert levels.tolist() == [[70, 0], [30, 30], [1, 60], [20, 21]]
    xy_m = np.array([[0.0, 0], [10, 0], [20, 0]])

    def found(k):
        return predictors._neighbours(levels[:3], xy_m, levels[3:], k, False, "cosine").tolist()

    assert found(1) == [[10, 0]]
    assert found(2) == [[15, 0]]  # c, whose cosine is 0.74, before a, whose is 0.69


@pytest.mark.slow
@pytest.mark.parametrize(("floor", "mean_m"), [("site1/F1", 5.0), ("site2/F1", 8.5)])
def test_leave_one_walk_out_on_whole_floors_errs_as_was_measured_apart(floor, mean_m, data_dir):
    """The newest scan held at 10 Hz, windows before a walk's first scan left out."""
    opened = recordings.open_recordings(f"location20-whole/{floor}", str(data_dir))
    held = replaced(Settings(), {"unit": "walk", "test_round": 1, "window.wifi_max_age_ms": 10**9})
    site = recordings.cut_by(opened, held)
    after, error_m = ~before_scan(site), []
    for walk in range(len(site.trace_names)):
        others, asked = np.flatnonzero(site.trace != walk), (site.trace == walk) & after
        there_m = site.windows.xy_m[asked]
        if len(there_m):
            predicted_m = predictors.cosine_knn(site, others, np.flatnonzero(asked))
            error_m.append(np.linalg.norm(predicted_m - there_m, axis=1))
    assert np.concatenate(error_m).mean() == pytest.approx(mean_m, abs=0.3)


def test_a_survey_holds_each_scan_once_at_the_mean_of_its_windows(simulated):
    rows = simulated.rows("train")
    survey = survey_of(simulated, rows)
    used = np.setdiff1d(simulated.scan[rows], [0])
    assert len(survey.dbm) == len(used)
    of_first = rows[simulated.scan[rows] == used[0]]
    assert survey.xy_m[0] == pytest.approx(simulated.windows.xy_m[of_first].mean(axis=0))


def test_edinburgh_errs_as_its_description_says(data_dir):
    site = real("mmloc/edinburgh", data_dir)
    assert error_m("constant", site).mean() == pytest.approx(16.3, abs=0.05)
    assert error_m("elapsed-time", site).mean() == pytest.approx(9.3, abs=0.1)
    assert error_m("wifi-knn", site).mean() < 0.5


def test_the_clock_finds_the_way_in_bucharest_and_not_in_site_1(data_dir):
    bucharest = real("mmloc/bucharest", data_dir)
    assert error_m("elapsed-time", bucharest).mean() < 0.25 * error_m("constant", bucharest).mean()
    floor = real("location20/site1/B1", data_dir)
    assert error_m("elapsed-time", floor).mean() > 0.9 * error_m("constant", floor).mean()
    assert np.median(error_m("wifi-knn", floor, "validation")) == pytest.approx(6.9, abs=2)
