"""Windows worked out by hand, on made-up walks and on recorded ones."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs import location20, mmloc_csv
from mtloc_jax.logs.round import SENSORS, FrozenSpan
from mtloc_jax.settings import Settings, Window
from mtloc_jax.sites import windows as windows_module
from mtloc_jax.sites.windows import interpolate
from tests.walks import later, scans, steady, stream, walk

SPEC = Window()
THREE_STEPS = Window(steps=3)
TRACE = "5dda149f9191710006b57212"


def cut(recorded, window, modalities=Settings.modalities):
    return windows_module.cut(recorded, window, modalities)


def parts(windows):
    """Return all arrays of windows by name."""
    of_all = {name: part for name, part in vars(windows).items() if name != "inputs"}
    return windows.inputs | of_all


def without_times(windows):
    return [part for name, part in parts(windows).items() if name != "end_ms"]


def same(these, those):
    return all(np.array_equal(a, b) for a, b in zip(these, those, strict=True))


def silent_between(recorded, sensor, start_ms, end_ms):
    """Return the walk without the sensor's readings inside (start_ms, end_ms)."""
    old = recorded.stream(sensor)
    keep = (old.t_ms <= start_ms) | (old.t_ms >= end_ms)
    return replace(recorded, **{sensor: stream(old.t_ms[keep], old.values[keep])})


def ends_without(lost_ms, end_ms):
    """Return the ends of all 1 s windows of a walk that hold none of the lost samples."""
    ends = range(900, end_ms + 1, 100)
    return [end for end in ends if not lost_ms & set(range(end - 900, end + 1, 100))]


def test_a_sample_is_the_newest_reading_and_a_label_lies_on_the_line():
    recorded = replace(
        walk(end_ms=400),
        accel=stream([0, 90, 210, 400], [[3, 4, 0], [0, 0, 1], [2, 3, 6], [0, 9, 0]]),
        gyro=stream([0, 100, 200, 300, 400], [[0, 0, z] for z in (1, -2, 3, -4, 5)]),
        waypoint_t_ms=np.array([0, 250, 450]),
        waypoint_xy_m=np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 20.0]]),
    )
    windows = cut(recorded, THREE_STEPS)
    assert windows.end_ms.tolist() == [200, 300, 400]
    assert windows.inputs["imu"][..., 0].tolist() == [[5, 1, 1], [1, 1, 7], [1, 7, 9]]
    assert windows.inputs["imu"][..., 1].tolist() == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert windows.inputs["mag"].tolist() == [[[1.0]] * 3] * 3
    assert windows.xy_m.tolist() == [[8, 0], [10, 5], [10, 15]]


def test_a_window_is_ten_samples_over_900_ms_and_the_next_begins_100_ms_later():
    windows = cut(walk(end_ms=3000), SPEC)
    assert windows.inputs["imu"].shape == (22, 10, 2)
    assert windows.inputs["mag"].shape == (22, 10, 1)
    assert windows.end_ms.tolist() == list(range(900, 3001, 100))


def test_a_longer_hop_takes_every_second_window():
    every, second = (cut(walk(end_ms=3000), replace(SPEC, hop_ms=hop)) for hop in (100, 200))
    assert second.end_ms.tolist() == every.end_ms[::2].tolist()


@given(st.integers(900, 5000))
@settings(deadline=None, derandomize=True)
def test_the_number_of_windows_follows_from_the_length_of_the_walk(end_ms):
    assert len(cut(walk(end_ms=end_ms), SPEC).end_ms) == (end_ms - 900) // 100 + 1


def test_a_walk_shorter_than_a_window_is_named():
    with pytest.raises(InputError, match=r"walk\.txt: .* share 899 ms, a window spans 900 ms; "):
        cut(walk(end_ms=899), SPEC)


def test_windows_lie_where_all_sensors_and_the_waypoints_do():
    recorded = replace(
        later(walk(end_ms=3000), 40),
        gyro=steady(2500, (0, 0, 1)),
        waypoint_t_ms=np.array([130, 9000]),
    )
    # The waypoints begin last, at 130 ms; the gyroscope ends first, at 2500 ms.
    assert cut(recorded, SPEC).end_ms.tolist() == list(range(1030, 2501, 100))


def test_sensors_and_waypoints_that_never_meet_share_nothing():
    with pytest.raises(InputError, match="share 0 ms"):
        cut(replace(walk(), waypoint_t_ms=np.array([5000, 9000])), SPEC)


@given(st.integers(0, 21), st.floats(-50, 50))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_nothing_after_its_end_changes_a_window(last, change):
    recorded = walk(end_ms=3000, wifi=scans(*((t, "a", -50, 0) for t in range(0, 3001, 700))))
    windows = cut(recorded, SPEC)
    now_ms = windows.end_ms[last]
    rewritten = {
        sensor: replace(old, values=old.values + change * (old.t_ms > now_ms)[:, None])
        for sensor in SENSORS
        for old in [recorded.stream(sensor)]
    }
    known = recorded.wifi.t_ms <= now_ms
    wifi = replace(recorded.wifi, t_ms=np.where(known, recorded.wifi.t_ms, 2999))
    changed = cut(replace(recorded, **rewritten, wifi=wifi), SPEC)
    assert same(*([part[: last + 1] for part in parts(w).values()] for w in (windows, changed)))


@given(st.integers(-(10**6), 2 * 10**12))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_what_the_clock_shows_changes_nothing_but_the_times(by_ms):
    recorded = replace(
        walk(end_ms=3000, wifi=scans((700, "a", -50, 0), (2000, "b", -60, 9))),
        frozen=(FrozenSpan("gyro", 2000, 2100),),
    )
    windows, moved = cut(recorded, SPEC), cut(later(recorded, by_ms), SPEC)
    assert moved.end_ms.tolist() == (windows.end_ms + by_ms).tolist()
    assert same(without_times(moved), without_times(windows))


def test_wifi_is_the_newest_scan_not_after_the_end_and_at_most_4_s_old():
    recorded = walk(end_ms=7200, wifi=scans((1000, "a", -50, 0), (3000, "a", -60, 0)))
    windows = cut(recorded, SPEC)
    known = (windows.end_ms, windows.scan, windows.wifi_age_ms)
    at = {end_ms: (scan, age_ms) for end_ms, scan, age_ms in zip(*known, strict=True)}
    assert at[900] == (-1, -1)  # the first scan is not made yet
    assert at[1000] == (0, 0)
    assert at[2900] == (0, 1900)
    assert at[3000] == (1, 0)
    assert at[7000] == (1, 4000)
    assert at[7100] == (-1, -1)


def test_the_age_at_which_a_scan_counts_as_not_heard_is_a_setting():
    recorded = walk(end_ms=3000, wifi=scans((1000, "a", -50, 0)))
    windows = cut(recorded, replace(SPEC, wifi_max_age_ms=300))
    assert windows.end_ms[windows.scan == 0].tolist() == [1000, 1100, 1200, 1300]


def test_a_recording_without_wifi_has_windows_that_heard_nothing():
    windows = cut(walk(), SPEC)
    assert set(windows.scan.tolist()) == {-1}
    assert set(windows.wifi_age_ms.tolist()) == {-1}


@pytest.mark.parametrize("sensor", SENSORS)
def test_windows_that_touch_a_gap_are_left_out(sensor):
    # At 2000 the newest reading is 500 ms old, at 2100 600 ms: five samples were not recorded.
    recorded = silent_between(walk(end_ms=5000), sensor, 1500, 2600)
    lost_ms = {2100, 2200, 2300, 2400, 2500}
    assert cut(recorded, SPEC).end_ms.tolist() == ends_without(lost_ms, 5000)
    assert len(cut(recorded, replace(SPEC, max_gap_ms=1000)).end_ms) == 42


@pytest.mark.parametrize("sensor", SENSORS)
def test_windows_that_touch_a_frozen_span_are_left_out(sensor):
    recorded = replace(walk(end_ms=5000), frozen=(FrozenSpan(sensor, 1950, 2300),))
    ends = ends_without({2000, 2100, 2200, 2300}, 5000)
    assert cut(recorded, SPEC).end_ms.tolist() == ends
    assert ends[10:12] == [1900, 3300]


def test_the_magnetic_field_is_fed_as_its_magnitude_or_as_its_axes():
    recorded = replace(walk(end_ms=900), mag=steady(900, (2.0, -3.0, 6.0)))
    assert cut(recorded, SPEC).inputs["mag"].tolist() == [[[7.0]] * 10]
    assert cut(recorded, replace(SPEC, mag_channels=3)).inputs["mag"].tolist() == [
        [[2.0, -3.0, 6.0]] * 10
    ]


@pytest.mark.parametrize(
    ("gravity", "vertical"), [((0, 0, 9.8), 6), ((0, -9.8, 0), 3), ((0, 6, 8), 3), ((0, 0, 0), 0)]
)
def test_two_channels_are_the_fields_magnitude_and_its_part_along_gravity(gravity, vertical):
    recorded = replace(
        walk(end_ms=900), accel=steady(900, gravity), mag=steady(900, (2.0, -3.0, 6.0))
    )
    fed = cut(recorded, replace(SPEC, mag_channels=2), ("mag",)).inputs["mag"]
    np.testing.assert_allclose(fed, [[[7, vertical]] * 10], atol=1e-5)


def test_gravity_is_what_a_second_of_acceleration_leaves_and_steps_do_not_turn_it():
    # Turned at 1 s from lying to standing: up follows with the time constant, and not before.
    t_ms = np.arange(0, 5001, 100)
    turned = t_ms >= 1000
    accel = np.where(turned[:, None], (0, 9.8, 0), (0, 0, 9.8))
    recorded = replace(walk(end_ms=5000), accel=stream(t_ms, accel), mag=steady(5000, (0, 5, 0)))
    vertical = cut(recorded, replace(SPEC, mag_channels=2)).inputs["mag"][:, -1, 1]
    assert vertical[0] == 0
    reached = 1 - np.exp(-1.0)  # of the turn, a time constant after it began
    up = reached / np.hypot(reached, 1 - reached)
    assert vertical[10] == pytest.approx(5 * up, abs=1e-4)
    assert vertical[-1] == pytest.approx(5, abs=0.01)
    stepping = accel + 3 * np.sin(2 * np.pi * 2 * t_ms / 1000)[:, None] * (1, 0, 0)
    walked = cut(replace(recorded, accel=stream(t_ms, stepping)), replace(SPEC, mag_channels=2))
    assert np.abs(walked.inputs["mag"][:, -1, 1] - vertical).max() < 0.05


@given(st.integers(0, 99))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_how_the_phone_is_held_changes_neither_magnitude_nor_vertical_part(seed):
    random = np.random.default_rng(seed)
    t_ms = np.arange(0, 1001, 100)
    accel, mag = random.normal((0, 0, 9.8), 2, (11, 3)), random.normal(0, 40, (11, 3))
    held, _ = np.linalg.qr(random.normal(size=(3, 3)))
    two = replace(SPEC, mag_channels=2)
    ours, theirs = (
        cut(
            replace(walk(end_ms=1000), accel=stream(t_ms, a), mag=stream(t_ms, m)), two, ("mag",)
        ).inputs["mag"]
        for a, m in ((accel, mag), (accel @ held, mag @ held))
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_axes_that_were_not_published_cannot_be_fed():
    recorded = replace(walk(), mag=steady(2000, (7.0,)))
    assert cut(recorded, SPEC).inputs["mag"][0, 0] == 7.0
    for channels in (2, 3):
        with pytest.raises(InputError, match=r"walk\.txt: .* 1 magnetic chan.*set mag_channels=1"):
            cut(recorded, replace(SPEC, mag_channels=channels))
    unaware = replace(walk(), accel=steady(2000, (9.8,)))
    with pytest.raises(InputError, match=r"walk\.txt: .*which way is up; set mag_channels=1"):
        cut(unaware, replace(SPEC, mag_channels=2))


def test_windows_of_any_length_begin_to_count_at_the_same_moment():
    warm = replace(SPEC, warm_up_ms=1900)
    long = replace(warm, steps=20)
    assert cut(walk(end_ms=3000), warm).end_ms.tolist() == list(range(1900, 3001, 100))
    assert cut(walk(end_ms=3000), long).end_ms.tolist() == list(range(1900, 3001, 100))
    every = cut(walk(end_ms=3000), SPEC)
    assert same(
        [part[10:] for part in parts(every).values()], parts(cut(walk(end_ms=3000), warm)).values()
    )


@pytest.mark.parametrize(
    "setting",
    [
        {"hop_ms": 50},
        {"hop_ms": 150},
        {"hop_ms": 0},
        {"step_ms": 0},
        {"steps": 0},
    ],
)
def test_windows_that_cannot_be_cut_are_refused(setting):
    (name,) = setting
    with pytest.raises(InputError, match=name):
        Window(**setting)


@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=5),
    st.lists(st.floats(-100, 100), min_size=12, max_size=12),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
@settings(deadline=None, derandomize=True)
def test_a_label_lies_between_the_waypoints_around_it(gaps_ms, metres, shares):
    t_ms = np.cumsum([0, *gaps_ms])
    xy_m = np.reshape(metres, (6, 2))[: len(t_ms)]
    assert np.array_equal(interpolate(t_ms, xy_m, t_ms), xy_m)
    for share in shares:
        at_ms = share * t_ms[-1]
        before = min(np.searchsorted(t_ms, at_ms, side="right"), len(t_ms) - 1) - 1
        near_m = xy_m[before : before + 2]
        ((x_m, y_m),) = interpolate(t_ms, xy_m, np.array([at_ms]))
        low_m, high_m = near_m.min(axis=0) - 1e-9, near_m.max(axis=0) + 1e-9
        assert np.all((low_m <= (x_m, y_m)) & ((x_m, y_m) <= high_m))


@pytest.fixture(scope="module")
def trace(data_dir):
    return data_dir / "indoor_location_20" / "site1" / "B1" / "path_data_files" / f"{TRACE}.txt"


def raw_records(trace):
    """Return record type -> [(ms, fields)], straight from the text."""
    records = {}
    for line in trace.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            t_ms, kind, *fields = line.split("\t")
            records.setdefault(kind, []).append((int(t_ms), fields))
    return records


def test_a_recorded_trace_gives_the_windows_worked_out_by_hand(trace):
    """All sensors begin at ..312029 and end at ..348861, waypoints at ..311912 and ..348636.

    So samples run from ..312029 to ..348629: 367 of them, 358 windows, the first of which ends at
    ..312929. That is 1017 of the 3181 ms from the first waypoint, (231.73111, 190.2208), to the
    second, (229.62656, 188.01306). The first scan comes at ..313854, the last at ..347681.
    """
    windows = cut(location20.read_trace(trace, TRACE, 4), SPEC)
    assert len(windows.end_ms) == 358
    assert windows.end_ms[[0, -1]].tolist() == [1574572312929, 1574572348629]
    assert windows.xy_m[0] == pytest.approx([231.058263, 189.514962], abs=1e-5)
    assert windows.scan[:10].tolist() == [-1] * 10
    assert windows.wifi_age_ms[:10].tolist() == [-1] * 10
    assert (windows.scan[10], windows.wifi_age_ms[10]) == (0, 75)
    assert (windows.scan[-1], windows.wifi_age_ms[-1]) == (17, 948)
    # The readings at ..312029 and ..312915, the newest at the first and the last sample.
    accel = [(-0.2591858, 0.32580566, 7.942993), (-1.2928925, -0.041107178, 2.9343262)]
    expected = [sum(axis**2 for axis in axes) ** 0.5 for axes in accel]
    assert windows.inputs["imu"][0, [0, -1], 0] == pytest.approx(expected, rel=1e-6)


def test_every_window_of_a_recorded_trace_follows_from_its_text(trace):
    records = raw_records(trace)
    windows = cut(location20.read_trace(trace, TRACE, 4), SPEC)
    kinds = {"accel": "TYPE_ACCELEROMETER", "gyro": "TYPE_GYROSCOPE", "mag": "TYPE_MAGNETIC_FIELD"}
    points = records["TYPE_WAYPOINT"]
    scan_ms = sorted({t_ms for t_ms, _ in records["TYPE_WIFI"]})
    begin_ms = max(points[0][0], *(records[kind][0][0] for kind in kinds.values()))
    for i in (0, 1, 17, 200, 357):
        end_ms = begin_ms + 900 + 100 * i
        assert windows.end_ms[i] == end_ms
        for step, t_ms in enumerate(range(end_ms - 900, end_ms + 1, 100)):
            newest = {
                sensor: [fields for ms, fields in records[kind] if ms <= t_ms][-1]
                for sensor, kind in kinds.items()
            }
            size = {s: sum(float(v) ** 2 for v in f[:3]) ** 0.5 for s, f in newest.items()}
            assert windows.inputs["imu"][i, step].tolist() == pytest.approx(
                [size["accel"], size["gyro"]]
            )
            assert windows.inputs["mag"][i, step, 0] == pytest.approx(size["mag"])
        (t0, a), (t1, b) = next(pair for pair in pairwise(points) if pair[1][0] >= end_ms)
        share = (end_ms - t0) / (t1 - t0)
        label = [float(p) + share * (float(q) - float(p)) for p, q in zip(a, b, strict=True)]
        assert windows.xy_m[i].tolist() == pytest.approx(label)
        heard = [ms for ms in scan_ms if end_ms - 4000 <= ms <= end_ms]
        assert windows.wifi_age_ms[i] == (end_ms - heard[-1] if heard else -1)
        assert windows.scan[i] == (scan_ms.index(heard[-1]) if heard else -1)


def test_no_window_holds_a_frozen_sample_of_the_edinburgh_round_that_has_them(data_dir):
    """Frozen spans cover 64.8 s to 208.5 s of 216.5 s (rows 0..647 and 2086..2165 remain).

    So 648 - 9 = 639 windows lie before and 80 - 9 = 71 after.
    """
    path = data_dir / "mmloc" / "edinburgh" / "sensor_wifi_timestep100_9.csv"
    recorded = mmloc_csv.read_round(path, mmloc_csv.EDINBURGH, 9)
    ends_ms = cut(recorded, SPEC).end_ms
    assert len(recorded.accel.t_ms) == 2166
    assert len(ends_ms) == 639 + 71
    for span in recorded.frozen:
        assert np.all((ends_ms < span.start_ms) | (ends_ms - SPEC.span_ms > span.end_ms))
    assert len(cut(replace(recorded, frozen=()), SPEC).end_ms) == 2166 - 9
