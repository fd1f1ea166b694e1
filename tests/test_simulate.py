"""The simulated surveys carry the information real ones carry, and no more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import SENSORS, Round, checked
from mtloc_jax.simulate import SimulatedBuilding, building_a, building_b, simulate, simulate_walks
from mtloc_jax.simulate.phone import CACHE_MS
from mtloc_jax.simulate.walk import Walk

RECORDED = (*SENSORS, ORIENTATION, "wifi", "waypoints")
Survey = tuple[SimulatedBuilding, list[Round], list[Walk]]


@pytest.fixture(scope="module", params=[building_a, building_b], ids=["a", "b"])
def survey(request) -> Survey:
    building = request.param(0)
    rounds, walks = zip(*simulate_walks(building, 0), strict=True)
    return building, list(rounds), list(walks)


def labels_m(walk: Round, t_ms: np.ndarray) -> np.ndarray:
    columns = walk.waypoint_xy_m.T
    return np.stack([np.interp(t_ms, walk.waypoint_t_ms, column) for column in columns], axis=1)


def magnitude_at(walk: Round, sensor: str, t_ms: np.ndarray) -> np.ndarray:
    stream = walk.stream(sensor)
    return np.interp(t_ms, stream.t_ms, np.linalg.norm(stream.values, axis=1))


def fingerprints(rounds: list[Round], bssid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the fresh RSS (-95 dBm where unheard) known every 100 ms, and the true places."""
    rss, places = [], []
    for walk in rounds:
        fresh = walk.wifi.fresh(4000)
        heard = np.full((len(fresh.t_ms), len(bssid)), -95.0)
        heard[fresh.scan, np.searchsorted(bssid, fresh.bssid)] = fresh.rss_dbm
        t_ms = np.arange(fresh.t_ms[0], walk.waypoint_t_ms[-1], 100)
        rss.append(heard[np.searchsorted(fresh.t_ms, t_ms, side="right") - 1])
        places.append(labels_m(walk, t_ms))
    return np.concatenate(rss), np.concatenate(places)


def median_error_m(predicted_m: np.ndarray, true_m: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(predicted_m - true_m, axis=1)))


def stream_bytes(walk: Round, name: str) -> bytes:
    if name == "wifi":
        wifi = walk.wifi
        parts = (wifi.t_ms, wifi.scan, wifi.bssid, wifi.rss_dbm, wifi.age_ms, wifi.mhz)
    elif name == "waypoints":
        parts = (walk.waypoint_t_ms, walk.waypoint_xy_m)
    else:
        stream = walk.stream(name)
        parts = (stream.t_ms, stream.values)
    return b"".join(part.tobytes() for part in parts)


def all_bytes(walk: Round) -> list[bytes]:
    return [stream_bytes(walk, name) for name in RECORDED]


def test_every_round_can_be_learnt_from_and_says_it_is_simulated(survey: Survey):
    building, rounds, _ = survey
    assert [walk.number for walk in rounds] == list(range(1, 15))
    assert len({walk.name for walk in rounds}) == 14
    assert building.name in ("simulated-a", "simulated-b")
    for walk in rounds:
        assert checked(walk) is walk
        assert str(walk.source) == building.name
        assert walk.name.startswith("simulated-")
        assert all(name.startswith("simulated-") for name in walk.wifi.bssid)


def test_the_two_buildings_share_nothing():
    a, b = building_a(0), building_b(0)
    assert (len(a.bssid), len(b.bssid)) == (60, 90)
    assert len(set(a.bssid)) == 60
    assert len(set(b.bssid)) == 90
    assert not set(a.bssid) & set(b.bssid)
    assert not set(a.walkers) & set(b.walkers)
    assert a.corridors_m.shape != b.corridors_m.shape
    assert np.all(a.phone.mag.bias != b.phone.mag.bias)


def test_equal_seeds_give_equal_bytes_and_other_seeds_do_not():
    first, again = (simulate(building_a(3), 3, 2, 20.0) for _ in range(2))
    other = simulate(building_a(3), 4, 2, 20.0)
    elsewhere = simulate(building_b(3), 3, 2, 20.0)
    assert [all_bytes(walk) for walk in first] == [all_bytes(walk) for walk in again]
    assert not set(all_bytes(first[0])) & set(all_bytes(other[0]))
    assert not set(all_bytes(first[0])) & set(all_bytes(elsewhere[0]))
    assert not np.array_equal(building_a(3).ap_m, building_a(4).ap_m)


def test_no_two_rounds_share_a_stream(survey: Survey):
    _, rounds, _ = survey
    for name in RECORDED:
        assert len({stream_bytes(walk, name) for walk in rounds}) == len(rounds)


def test_the_three_nearest_fingerprints_place_a_walker_within_metres(survey: Survey):
    building, rounds, _ = survey
    bssid = np.sort(building.bssid)
    known_rss, known_m = fingerprints(rounds[:8], bssid)

    def errors_m(unseen: list[Round]) -> tuple[float, float]:
        rss, true_m = fingerprints(unseen, bssid)
        distance = (known_rss**2).sum(axis=1) - 2 * rss @ known_rss.T
        nearest = np.argpartition(distance, 3, axis=1)[:, :3]
        constant_m = median_error_m(known_m.mean(axis=0), true_m)
        return median_error_m(known_m[nearest].mean(axis=1), true_m), constant_m

    unseen_m, constant_m = errors_m(rounds[8:])
    assert 2 < unseen_m < 8
    assert unseen_m < 0.35 * constant_m
    test_m, constant_m = errors_m(rounds[13:])  # 60 s in one part of the building: a wider range
    assert 1.5 < test_m < 8
    assert test_m < 0.35 * constant_m


def test_elapsed_time_says_hardly_more_than_nothing(survey: Survey):
    _, rounds, _ = survey
    t_ms = np.arange(0, 60_000, 100)
    places_m = np.array([labels_m(walk, t_ms) for walk in rounds])
    by_time_m = places_m[:8].mean(axis=0)
    constant_m = places_m[:8].mean(axis=(0, 1))
    for true_m in places_m[8:]:
        assert median_error_m(by_time_m, true_m) > 0.7 * median_error_m(constant_m, true_m)


def test_the_magnetic_magnitude_comes_back_with_the_place_and_differs_between_places(
    survey: Survey,
):
    _, rounds, _ = survey
    t_ms = np.arange(500, 59_500, 200)
    places_m = [labels_m(walk, t_ms) for walk in rounds]
    field_ut = [magnitude_at(walk, "mag", t_ms) for walk in rounds]
    correlations = []
    for first in range(len(rounds)):
        for second in range(first):
            apart_m = np.linalg.norm(places_m[first][:, None] - places_m[second], axis=2)
            met, where = apart_m.min(axis=1) < 0.3, apart_m.argmin(axis=1)
            if met.sum() > 60:
                pair = field_ut[first][met], field_ut[second][where[met]]
                correlations.append(np.corrcoef(*pair)[0, 1])
    assert len(correlations) > 20
    assert np.median(correlations) > 0.7
    assert np.mean(np.array(correlations) > 0.5) > 0.8
    assert np.std(np.concatenate(field_ut)) > 5


def test_magnetic_disturbances_are_metres_wide(survey: Survey):
    building, _, _ = survey
    ends_m = building.corridors_m
    share = np.linspace(0, 1, 81)[:, None]
    profiles = []
    for start, end in ends_m:
        magnitude = np.linalg.norm(building.field_ut(start + share * (end - start)), axis=1)
        profiles.append(magnitude - magnitude.mean())
    lengths_m = np.linalg.norm(ends_m[:, 1] - ends_m[:, 0], axis=1)

    def correlation_at(lag_m: float) -> float:
        lags = [round(80 * lag_m / length) for length in lengths_m]
        pairs = [(p[:-lag], p[lag:]) for p, lag in zip(profiles, lags, strict=True)]
        near, far = (np.concatenate(side) for side in zip(*pairs, strict=True))
        return float(np.corrcoef(near, far)[0, 1])

    assert correlation_at(0.5) > 0.9
    assert abs(correlation_at(5.0)) < 0.35


def test_the_step_frequency_is_the_peak_of_the_acceleration_magnitude(survey: Survey):
    _, rounds, walks = survey
    for walk, (motion, _, _) in zip(rounds, walks, strict=True):
        t_ms = np.arange(1000, 59_000, 20)
        magnitude = magnitude_at(walk, "accel", t_ms)
        power = np.abs(np.fft.rfft((magnitude - magnitude.mean()) * np.hanning(len(t_ms))))
        peak_hz = np.fft.rfftfreq(len(t_ms), 0.02)[power.argmax()]
        step_rad = np.gradient(motion.phase_rad, motion.t_s)
        assert peak_hz == pytest.approx(np.median(step_rad) / (2 * np.pi), rel=0.1)
        assert magnitude.mean() == pytest.approx(9.81, abs=0.6)


def test_the_gyroscope_turns_where_the_walker_turns(survey: Survey):
    _, rounds, walks = survey
    for walk, (motion, _, _) in zip(rounds, walks, strict=True):
        turn_rate = magnitude_at(walk, "gyro", 1000 * motion.t_s)
        corner = np.abs(motion.yaw_rate_rad_s) > 0.6
        if corner.sum() > 50:
            assert turn_rate[corner].mean() > 1.5 * turn_rate[~corner].mean()


def test_people_walk_at_a_walking_pace_and_labels_follow_them(survey: Survey):
    _, rounds, walks = survey
    for walk, (motion, _, _) in zip(rounds, walks, strict=True):
        path_m = np.linalg.norm(np.diff(walk.waypoint_xy_m, axis=0), axis=1).sum()
        assert 50 < path_m < 85
        astray_m = np.linalg.norm(labels_m(walk, 1000 * motion.t_s) - motion.xy_m, axis=1)
        assert 0.1 < astray_m.mean() < 1.5
    first_m = np.array([walk.waypoint_xy_m[0] for walk in rounds])
    assert len(np.unique(first_m, axis=0)) == len(rounds)


def test_events_come_at_fifty_hertz_with_jitter(survey: Survey):
    _, rounds, _ = survey
    for sensor in (*SENSORS, ORIENTATION):
        step_ms = np.diff(rounds[0].stream(sensor).t_ms)
        assert step_ms.mean() == pytest.approx(20, abs=0.1)
        assert 1 < step_ms.std() < 5
        assert step_ms.min() > 0


def test_scans_come_every_two_to_three_seconds_and_list_some_stale_entries(survey: Survey):
    _, rounds, _ = survey
    for walk in rounds:
        gaps_ms = np.diff(walk.wifi.t_ms)
        assert gaps_ms.min() >= 1999
        assert gaps_ms.max() <= 3201
    age_ms = np.concatenate([walk.wifi.age_ms for walk in rounds])
    assert 0 < age_ms.min() < 500
    assert age_ms.max() <= CACHE_MS
    assert 0.05 < np.mean(age_ms > 4000) < 0.5


def test_access_points_vanish_appear_and_roam(survey: Survey):
    building, rounds, _ = survey
    rounds_heard = dict.fromkeys(building.bssid, 0)
    for walk in rounds:
        for name in np.unique(walk.wifi.bssid):
            rounds_heard[name] += 1
    counts = np.array(list(rounds_heard.values()))
    assert np.mean(counts >= 11) > 0.5
    assert np.mean((counts > 0) & (counts < 10)) > 0.05
    assert 0 < counts[building.ap_mobile].mean() < 8


def test_signal_falls_by_24_db_a_decade_and_3_db_a_wall():
    a = building_a(0)
    at_origin = replace(a, ap_m=np.zeros((60, 2)))
    bare = replace(at_origin, shadow_db=np.zeros_like(a.shadow_db), walls_m=np.empty((0, 2, 2)))
    at_10_m = np.broadcast_to([6.0, 8.0], (1, 60, 2))
    np.testing.assert_allclose(bare.mean_rss_dbm(at_10_m), a.tx_dbm[None] - 24)
    wall = np.array([[[3.0, -1.0], [3.0, 9.0]], [[3.0, 9.0], [3.0, 20.0]]])  # the first is hit
    walled = replace(bare, walls_m=wall)
    np.testing.assert_allclose(walled.mean_rss_dbm(at_10_m), a.tx_dbm[None] - 27)


def test_shadowing_is_shared_by_neighbouring_places_only(survey: Survey):
    building, _, _ = survey
    bare = replace(building, walls_m=np.empty((0, 2, 2)))
    flat = replace(bare, shadow_db=np.zeros_like(building.shadow_db))
    here = np.random.default_rng(0).uniform(0, building.extent_m, (60, 1, 2))

    def shadow_db(shift_m: float) -> np.ndarray:
        xy_m = np.repeat(here + np.array([shift_m, 0]), len(building.bssid), axis=1)
        return (bare.mean_rss_dbm(xy_m) - flat.mean_rss_dbm(xy_m)).ravel()

    assert shadow_db(0).std() == pytest.approx(4.5, rel=0.2)
    assert np.corrcoef(shadow_db(0), shadow_db(1))[0, 1] > 0.9
    assert abs(np.corrcoef(shadow_db(0), shadow_db(14))[0, 1]) < 0.3


def test_a_dipole_adds_twice_its_moment_over_distance_cubed_on_its_axis():
    lone = replace(
        building_a(0),
        magnets_m=np.array([[0.0, 0.0, 0.0]]),
        magnets_ut_m3=np.array([[80.0, 0.0, 0.0]]),
        earth_ut=np.array([0.0, 0.0, -40.0]),
    )
    field_ut = lone.field_ut(np.array([[2.0, 0.0], [0.0, 2.0]]))
    np.testing.assert_allclose(field_ut, [[20, 0, -40], [-10, 0, -40]], atol=1e-12)


@settings(deadline=None, derandomize=True, max_examples=12)
@given(st.sampled_from([building_a, building_b]), st.integers(0, 2**32 - 1), st.floats(5, 90))
def test_any_seed_and_length_gives_a_round_inside_the_building(make, seed: int, round_s: float):
    building = make(seed)
    for walk in simulate(building, seed, 2, round_s):
        checked(walk)
        assert walk.waypoint_t_ms[[0, -1]].tolist() == [0, round(1000 * round_s)]
        assert np.all((walk.waypoint_xy_m > 0) & (walk.waypoint_xy_m < building.extent_m))
        assert np.all(np.diff(walk.wifi.scan) >= 0)
        assert len(walk.wifi.scan) == 0 or walk.wifi.scan.max() < len(walk.wifi.t_ms)
        assert walk.accel.t_ms[-1] >= walk.waypoint_t_ms[-1]


@pytest.mark.parametrize(
    ("n_rounds", "round_s"), [(0, 60.0), (14, 1.0), (14, np.nan), (14, np.inf)]
)
def test_a_survey_too_short_to_learn_from_is_refused(n_rounds: int, round_s: float):
    with pytest.raises(InputError, match="at least 1 round of at least 5 s"):
        simulate(building_a(0), 0, n_rounds, round_s)


def test_signals_of_both_buildings_spread_by_one_law():
    """Level falls with distance alike in both, so that what is learnt of one holds in the other."""
    slopes = []
    for building in (building_a(0), building_b(0)):
        bare = replace(
            building,
            walls_m=np.empty((0, 2, 2)),
            shadow_db=np.zeros_like(building.shadow_db),
            ap_m=np.zeros_like(building.ap_m),
        )
        near, far = (
            bare.mean_rss_dbm(np.full((1, len(building.bssid), 2), m)) for m in (3.0, 30.0)
        )
        slopes.append(np.unique(np.round(near - far, 9)).tolist())
    assert slopes == [[24.0], [24.0]]
