"""Fault checks on walks with a fault put in, and on the simulated building as it is."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.cards import faults
from mtloc_jax.logs.round import FrozenSpan, Stream, WifiScans, no_wifi
from mtloc_jax.settings import Window
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites import site
from mtloc_jax.sites.splits import Split


@pytest.fixture(scope="module")
def walks():
    return simulate(building_a(0), 0, n_rounds=3, round_s=20.0)


def cut(walks, modalities=("imu", "mag", "wifi")):
    return site.build("faulty", walks, Split((1,), (2,), (3,)), Window(), modalities=modalities)


def with_stuck_gyro(walk, first, last):
    """Return a walk whose gyroscope repeats one reading from `first` to `last`, and that span."""
    values = walk.gyro.values.copy()
    values[first : last + 1] = 0.25
    stuck = replace(walk, gyro=Stream(walk.gyro.t_ms, values))
    return stuck, FrozenSpan("gyro", *walk.gyro.t_ms[[first, last]].tolist())


def test_recordings_without_a_fault_pass(walks):
    for check in (
        faults.frozen_sensors(walks, cut(walks), Window()),
        faults.gaps(walks, 500),
        faults.units(walks),
        faults.label_jumps(walks),
        faults.interpolated_labels(walks),
    ):
        assert check.passed, check


def test_a_stuck_sensor_is_found_though_its_reader_did_not_look(walks):
    stuck, _ = with_stuck_gyro(walks[1], 100, 399)
    found = [walks[0], stuck, walks[2]]
    check = faults.frozen_sensors(found, cut(found), Window())
    assert not check.passed
    assert check.number.startswith("round 2: accel 0.0 s, gyro 6.0 s, mag 0.0 s; 1 round(s)")


def test_windows_of_a_frozen_sensor_are_said_to_be_held_where_its_reader_did_not_mark_it(walks):
    stuck, span = with_stuck_gyro(walks[1], 100, 399)
    unmarked, marked = ([walks[0], w, walks[2]] for w in (stuck, replace(stuck, frozen=(span,))))
    held = cut(unmarked).round.size - cut(marked).round.size
    # A window each 100 ms from the span's first reading to the last window that reaches back to it.
    assert held == pytest.approx((span.end_ms - span.start_ms + Window().span_ms) / 100, abs=2)
    said = faults.frozen_sensors(unmarked, cut(unmarked), Window()).meaning
    assert said == f"nothing was measured there; {held} windows hold such readings"
    for site_of in (cut(marked), cut(unmarked, ("mag", "wifi"))):  # one that reads no gyroscope
        said = faults.frozen_sensors(unmarked, site_of, Window()).meaning
        assert said == "nothing was measured there; no window holds such readings"


def test_what_the_reader_found_frozen_is_believed(walks):
    walk = replace(walks[0], frozen=(FrozenSpan("mag", 1000, 3500),))
    assert faults.frozen_s([walk]) == {1: {"accel": 0.0, "gyro": 0.0, "mag": 2.5}}


def test_scan_entries_heard_long_before_are_counted(walks):
    wifi = WifiScans(
        np.array([0, 2000]),
        np.array([0, 0, 1, 1], np.int32),
        np.array(["a", "b", "a", "b"]),
        np.array([-50, -60, -50, -60], np.float32),
        np.array([0, 4000, 4001, 9000]),
    )
    check = faults.stale_scans([replace(walks[0], wifi=wifi)], 8000)
    assert (check.passed, check.value) == (False, 0.5)
    assert check.number == "50.0 % of entries heard over 4 s before their scan, at worst 9 s"
    assert check.meaning.endswith("; entries over 8 s old are dropped")


def test_without_wifi_nothing_is_stale(walks):
    check = faults.stale_scans([replace(walks[0], wifi=no_wifi())], 4000)
    assert check.value is None


def test_a_pause_longer_than_half_a_second_is_a_gap(walks):
    t_ms = walks[0].mag.t_ms.copy()
    t_ms[500:] += 600
    check = faults.gaps([replace(walks[0], mag=Stream(t_ms, walks[0].mag.values))], 300)
    assert (check.passed, check.value) == (False, 1)
    assert check.meaning.endswith("windows are left out whose newest reading is over 300 ms old")


def test_what_lacks_less_than_a_hundredth_is_told_but_does_not_warn(walks):
    stuck, _ = with_stuck_gyro(walks[1], 100, 199)  # 2 of 180 s: more than a hundredth
    found = [walks[0], stuck, walks[2]]
    assert not faults.frozen_sensors(found, cut(found), Window()).passed
    long = [*found, *(replace(w, number=1, name=f"{w.name} again") for w in walks)]
    check = faults.frozen_sensors(long, cut(long), Window())
    assert check.passed
    assert check.meaning.startswith("only 0.5 % of what was recorded; ")
    t_ms = walks[0].mag.t_ms.copy()
    t_ms[500:] += 600
    paused = replace(walks[0], mag=Stream(t_ms, walks[0].mag.values))
    check = faults.gaps([paused, *(5 * walks)], 300)
    assert (check.passed, check.value) == (True, 1)
    assert check.meaning == "only 0.2 % of what was recorded"


def test_a_magnetometer_with_its_bias_left_in_is_implausible(walks):
    biased = Stream(walks[0].mag.t_ms, walks[0].mag.values + 150)
    assert not faults.units([replace(walks[0], mag=biased)]).passed


def test_recordings_published_without_units_are_said_to_be(walks):
    check = faults.units([replace(walks[0], normalised=True)])
    assert not check.passed
    assert check.number == "published without units"


def test_a_label_that_jumps_names_its_walk(walks):
    xy_m = walks[2].waypoint_xy_m.copy()
    xy_m[1:] += 100
    check = faults.label_jumps([*walks[:2], replace(walks[2], waypoint_xy_m=xy_m)])
    assert not check.passed
    assert walks[2].name in check.number


def test_labels_on_a_straight_line_at_one_speed_were_interpolated(walks):
    t_ms = np.arange(0, 40_001, 100)
    x_m = np.interp(t_ms, [0, 20_000, 40_000], [0, 20, 20])
    y_m = np.interp(t_ms, [0, 20_000, 40_000], [0, 0, 30])
    walk = replace(walks[0], waypoint_t_ms=t_ms, waypoint_xy_m=np.stack([x_m, y_m], axis=1))
    assert faults.measured_apart_m(walk) == pytest.approx([20, 30])
    check = faults.interpolated_labels([walk])
    assert (check.passed, check.value) == (False, 25)
    assert check.number == "3 measured points a walk, 25.0 m apart (median)"
