"""Leak checks on walks made to leak, and on the simulated building, which does not."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mtloc_jax.cards import leaks
from mtloc_jax.logs.mmloc_windows import read_scenario_a
from mtloc_jax.logs.round import Stream, WifiScans, no_wifi
from mtloc_jax.settings import Window
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites import site
from mtloc_jax.sites.splits import Split

SPLIT = Split((1, 2, 3), (4,), (5,))


@pytest.fixture(scope="module")
def walks():
    return simulate(building_a(0), 0, n_rounds=5, round_s=30.0)


def build(walks):
    return site.build("leaky", walks, SPLIT, Window())


def with_wifi(walk, t_ms, dbm):
    """Give a walk scans at `t_ms` of one access point each at `dbm`."""
    t_ms = np.array(t_ms, np.int64)
    n = np.arange(len(t_ms), dtype=np.int32)
    names = np.full(len(t_ms), "ap")
    return replace(
        walk, wifi=WifiScans(t_ms, n, names, np.array(dbm, np.float32), np.zeros_like(t_ms))
    )


def test_honest_recordings_pass_every_leak_check(walks):
    made = build(walks)
    assert leaks.repeated_fingerprints(walks, SPLIT).passed
    assert leaks.clock(made).passed
    assert leaks.wifi_alone(made).passed
    assert leaks.wifi_absence(walks, made).passed
    assert leaks.per_round_scaling(walks).passed
    assert leaks.repeated_sensors(walks).passed


def test_a_test_scan_that_training_heard_too_is_counted(walks):
    train = [with_wifi(walk, [0, 100], [-50, -60]) for walk in walks[:4]]
    test = with_wifi(walks[4], [7, 107, 207, 307], [-60, -50, -61, -62])
    check = leaks.repeated_fingerprints([*train, test], SPLIT)
    assert (check.passed, check.value) == (False, 0.5)
    assert check.number == "50.0 % of 4 test scans"


def test_rows_without_wifi_count_as_one_more_vector_where_wifi_is_a_column(walks):
    t_ms = walks[4].accel.t_ms
    train = [with_wifi(walk, [0], [-50]) for walk in walks[:4]]
    test = with_wifi(walks[4], t_ms[:2], [-50, -60])
    check = leaks.repeated_fingerprints([*train, test], SPLIT)
    share = 100 * (1 - 1 / len(t_ms))
    assert f"{share:.1f} % of {len(t_ms):,} rows (those without WiFi included)" in check.number


def test_walks_on_one_timetable_tell_the_place_by_the_clock(walks):
    first = walks[0]
    twins = [
        replace(w, waypoint_t_ms=first.waypoint_t_ms, waypoint_xy_m=first.waypoint_xy_m)
        for w in walks
    ]
    check = leaks.clock(build(twins))
    assert not check.passed
    assert check.value < 0.1


def test_wifi_looked_up_by_the_true_position_is_too_good(walks):
    made = build(walks)
    x_cm = np.round(100 * made.windows.xy_m[:, 0])
    level = np.concatenate([[np.nan], -30 - np.unique(x_cm) / 100]).astype(np.float32)
    leaky = replace(
        made,
        wifi_dbm=np.stack([level, 2 * level], axis=1),
        scan=1 + np.unique(x_cm, return_inverse=True)[1].astype(np.int32),
        windows=replace(made.windows, xy_m=made.windows.xy_m * [1, 0]),
    )
    assert not leaks.wifi_alone(leaky).passed


def test_wifi_missing_in_one_wing_gives_the_wing_away(walks):
    made = build(walks)
    x_m = made.windows.end_ms / 1000  # every round walks the same corridor
    there = np.stack([x_m, np.zeros_like(x_m)], axis=1)
    age_ms = np.where(x_m < 15, -1, 0)
    leaky = replace(made, windows=replace(made.windows, xy_m=there, wifi_age_ms=age_ms))
    check = leaks.wifi_absence(walks, leaky)
    assert not check.passed
    assert check.value > 0.9


@pytest.mark.parametrize("scale", ["extremes", "moments", "faster series"])
def test_a_sensor_scaled_within_each_round_is_named(walks, scale):
    def scaled(stream):
        values = stream.values
        if scale == "faster series":  # whose extremes lie somewhat beyond
            return Stream(
                stream.t_ms, 0.1 + 0.7 * (values - values.min(0)) / np.ptp(values, axis=0)
            )
        if scale == "extremes":
            return Stream(stream.t_ms, (values - values.min(0)) / np.ptp(values, axis=0))
        return Stream(stream.t_ms, (values - values.mean(0)) / values.std(0))

    check = leaks.per_round_scaling([replace(walk, gyro=scaled(walk.gyro)) for walk in walks])
    assert not check.passed
    assert check.number == "gyro in 5 rounds"


def test_two_seconds_copied_into_another_round_are_found(walks):
    values = walks[4].accel.values.copy()
    values[50:150] = walks[0].accel.values[200:300]
    copied = replace(walks[4], accel=Stream(walks[4].accel.t_ms, values))
    check = leaks.repeated_sensors([*walks[:4], copied])
    assert not check.passed
    assert check.value == pytest.approx(2, abs=1.1)


def test_a_stuck_sensor_is_no_copy(walks):
    stuck = [replace(w, mag=Stream(w.mag.t_ms, np.ones_like(w.mag.values))) for w in walks]
    assert leaks.repeated_sensors(stuck).passed


def test_walks_that_start_where_the_last_one_ended_are_found(walks):
    def laid(starts_m):
        return [
            replace(
                w,
                started_unix_ms=10**12 + 60_000 * at,
                waypoint_t_ms=np.array([0, 10_000]),
                waypoint_xy_m=np.array([[x_m, 0.0], [x_m + 10.0, 0.0]]),
            )
            for at, (w, x_m) in enumerate(zip(walks, starts_m, strict=True))
        ]

    chained = leaks.following_walks(laid([0, 11, 22, 33, 100])[::-1])  # read in another order
    assert (chained.passed, chained.value) == (False, 0.75)
    assert chained.number.startswith("75.0 % start within 3 m of where the one before ended (0.0 %")
    assert leaks.following_walks(laid([0, 50, 100, 150, 200])).passed
    assert leaks.following_walks(walks[:2]).value is None


def test_recordings_without_wifi_have_no_wifi_to_judge(walks):
    silent = [replace(walk, wifi=no_wifi()) for walk in walks]
    made = build(silent)
    for check in (
        leaks.repeated_fingerprints(silent, SPLIT),
        leaks.wifi_alone(made),
        leaks.wifi_absence(silent, made),
    ):
        assert check.passed
        assert check.value is None
        assert check.meaning == "does not apply to these recordings"


def test_wifi_in_the_test_round_alone_leaves_nothing_to_compare(walks):
    silent = [*(replace(walk, wifi=no_wifi()) for walk in walks[:4]), walks[4]]
    assert leaks.repeated_fingerprints(silent, SPLIT).value is None
    assert leaks.wifi_absence(silent, build(silent)).value is None
    assert leaks.wifi_alone(build(silent)).value is None


def test_the_published_windows_were_scaled_within_each_round(data_dir):
    walks = read_scenario_a(data_dir / "mmloc" / "scenario_a")
    assert leaks.per_round_scaling(walks).number == "accel, gyro, mag in 14 rounds"


def test_how_well_the_place_predicts_absence_is_worked_out_by_hand(walks):
    # Scans are due every second. Two rounds of four windows at three places, 10 m apart.
    first, second = (with_wifi(walk, [0, 1000], [-50, -50]) for walk in walks[:2])
    xy_m = np.array([0, 0, 10, 20, 0, 10, 20, 20])[:, None] * [1.0, 0.0]
    late = np.array([1, 0, 0, 1, 1, 0, 1, 0])
    site = SimpleNamespace(
        round=np.repeat([1, 2], 4),
        windows=SimpleNamespace(xy_m=xy_m, wifi_age_ms=np.where(late, 1000, 999)),
    )
    # A place's share late in the other round, which counts as one window more of its overall 1/2:
    # round 1 learns (1 + 1/2) / 2, (0 + 1/2) / 2, (1 + 1/2) / 3 of round 2, and round 2 of round 1
    # (1 + 1/2) / 3, (0 + 1/2) / 2, (1 + 1/2) / 2.
    # Late windows score .75, .5, .5, .75, the others .75, .25, .25, .75: of 16 pairs 8 are won
    # against .25; .75 draws with .75 four times.
    check = leaks.wifi_absence([first, second], site)
    assert check.value == (8 + 4 / 2) / 16
    assert check.number.endswith("(due every 1.0 s); place predicts which: AUC 0.62")
