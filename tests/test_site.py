"""Sites: what is fed, what is known of training rounds alone, and what is refused."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import SENSORS, FrozenSpan
from mtloc_jax.settings import Window
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites import buildings
from mtloc_jax.sites.site import Arrays, build
from mtloc_jax.sites.splits import PAPER, Split
from tests.walks import later, scans, stream, walk

SPEC = Window()
SPLIT = Split(train=(1, 2), validation=(3,), test=(4,))


def recorded(number, **known):
    """Return a walk of 2 s that hears an access point of its own and one that all rounds hear."""
    heard = scans((500, "all", -50, 0), (500, f"only-{number}", -40 - number, 0))
    return walk(number, **{"name": f"walk-{number}", "level": float(number), "wifi": heard} | known)


def four(**changed):
    """Return rounds 1 to 4; `changed` replaces rounds by their name."""
    return [changed.get(f"round_{number}", recorded(number)) for number in range(1, 5)]


def site_of(walks, split=SPLIT, **settings):
    return build("made-up", walks, split, SPEC, **settings)


def same(these, those):
    """Say whether two trees hold the same arrays, NaN for NaN."""
    pairs = zip(jax.tree.leaves(these), jax.tree.leaves(those), strict=True)
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


@pytest.fixture(scope="module")
def simulated():
    walks = simulate(building_a(0), 0, round_s=20.0)
    return walks, build("simulated-a", walks, PAPER, SPEC, simulated=True)


def test_a_network_is_fed_neither_time_nor_place_in_the_recording():
    assert Arrays._fields == ("inputs", "target")
    arrays = site_of(four()).arrays(np.arange(5))
    assert list(arrays.inputs) == ["imu", "mag", "wifi"]
    shapes = [part.shape for part in jax.tree.leaves(arrays)]
    assert shapes == [(5, 10, 2), (5, 10, 1), (5, 3), (5,), (5, 2)]


def test_what_is_fed_does_not_depend_on_when_a_round_was_recorded(simulated):
    walks, site = simulated
    moved = [later(w, by_ms=w.number * 86_400_123 - 4 * 10**8) for w in walks]
    rows = np.arange(len(site.round))
    again = build("simulated-a", moved, PAPER, SPEC)
    assert same(site.arrays(rows), again.arrays(rows))
    assert not np.array_equal(site.windows.end_ms, again.windows.end_ms)


def test_windows_lie_within_the_walk_they_are_said_to_come_from(simulated):
    walks, site = simulated
    for number, one in enumerate(walks):
        ends_ms = site.windows.end_ms[site.trace == number]
        spans = [one.waypoint_t_ms, *(one.stream(sensor).t_ms for sensor in SENSORS)]
        assert site.trace_names[number] == one.name
        assert np.all(site.round[site.trace == number] == one.number)
        assert ends_ms.min() - SPEC.span_ms >= max(t_ms[0] for t_ms in spans)
        assert ends_ms.max() <= min(t_ms[-1] for t_ms in spans)


@given(st.lists(st.integers(900, 2500), min_size=4, max_size=9), st.randoms())
@settings(deadline=None, derandomize=True, max_examples=40)
def test_no_window_holds_anything_of_two_walks(lengths_ms, random):
    # Several walks make up a round; each reads its own level and hears its own access point.
    walks = [
        walk(
            number % 4 + 1,
            end_ms,
            name=f"walk-{number}",
            level=number + 1.0,
            wifi=scans((300, "ap", -30 - number, 0)),
        )
        for number, end_ms in enumerate(lengths_ms)
    ]
    random.shuffle(walks)
    site = site_of(walks)
    assert len(site.round) == sum((end_ms - 900) // 100 + 1 for end_ms in lengths_ms)
    own = np.array([int(site.trace_names[trace].split("-")[1]) for trace in site.trace])
    assert np.array_equal(site.round, own % 4 + 1)
    assert np.all(site.windows.inputs["imu"] == own[:, None, None] + 1)
    assert np.all(site.windows.inputs["mag"] == own[:, None, None] + 1)
    assert np.all(site.wifi_dbm[site.scan, 0] == -30 - own)
    assert np.all(np.diff(site.round) >= 0)


def test_every_window_is_in_one_split_and_no_round_in_two(simulated):
    _, site = simulated
    rows = {split: site.rows(split) for split in PAPER._fields}
    assert np.array_equal(np.sort(np.concatenate([*rows.values()])), np.arange(len(site.round)))
    for split, numbers in PAPER._asdict().items():
        assert set(site.round[rows[split]].tolist()) == set(numbers)


def test_the_vocabulary_holds_what_training_rounds_heard_and_nothing_else():
    site = site_of(four())
    assert site.bssids == ("all", "only-1", "only-2")
    heard = site.wifi_dbm[site.scan[site.rows("test")]]
    assert np.array_equal(heard, [[-50, np.nan, np.nan]] * len(heard), equal_nan=True)


def test_stale_entries_are_dropped_before_the_vocabulary_is_made():
    wifi = scans((500, "fresh", -50, 4000), (500, "stale", -40, 4001))
    walks = four(round_1=recorded(1, wifi=wifi))
    assert site_of(walks).bssids == ("all", "fresh", "only-2")
    kept = site_of(walks, wifi_entry_max_age_ms=4001)
    assert kept.bssids == ("all", "fresh", "only-2", "stale")
    assert kept.wifi_dbm[1].tolist() == pytest.approx([np.nan, -50, np.nan, -40], nan_ok=True)


def test_a_window_without_a_scan_reads_row_0_where_nothing_is_heard():
    site = site_of(four(round_2=recorded(2, wifi=scans((1500, "all", -50, 0)))))
    second = site.round == 2
    assert np.all(np.isnan(site.wifi_dbm[0]))
    assert site.windows.end_ms[second & (site.scan == 0)].tolist() == list(range(900, 1500, 100))
    assert site.wifi_dbm[site.scan[second][-1]].tolist() == pytest.approx(
        [-50, np.nan], nan_ok=True
    )


def test_an_access_point_listed_twice_in_a_scan_counts_at_its_strongest():
    wifi = scans((500, "twice", -70, 0), (500, "twice", -55, 0), (500, "twice", -60, 0))
    site = site_of(four(round_1=recorded(1, wifi=wifi)))
    assert site.wifi_dbm[1, site.bssids.index("twice")] == -55


def test_a_building_without_wifi_has_an_empty_vocabulary():
    site = site_of([walk(number, name=f"walk-{number}") for number in range(1, 5)])
    assert site.bssids == ()
    assert site.arrays(np.arange(3)).inputs["wifi"].values.shape == (1, 0)
    assert site.scaler(site.rows("train")).inputs["wifi"].heard.shape == (0,)


@given(
    st.floats(-1000, 1000),
    st.floats(-500, 500),
    st.integers(-99, -1),
    st.sampled_from(["round_3", "round_4"]),
)
@settings(deadline=None, derandomize=True, max_examples=30)
def test_nothing_in_validation_or_test_changes_a_scaler(level, moved_m, rss_dbm, unseen):
    number = int(unseen[-1])
    wifi = scans((400, "all", rss_dbm, 0), (900, "new", rss_dbm, 0), (1300, "only-1", -1, 0))
    other = recorded(number, level=level, wifi=wifi)
    other = replace(other, waypoint_xy_m=other.waypoint_xy_m + moved_m)
    site, changed = site_of(four()), site_of(four(**{unseen: other}))
    assert changed.bssids == site.bssids
    assert same(*(s.scaler(s.rows("train")) for s in (site, changed)))


def test_a_scaler_knows_only_the_training_windows_in_use():
    site = site_of(four())
    first = np.flatnonzero(site.round == 1)
    scaler = site.scaler(first)
    assert scaler.inputs["imu"].mean.tolist() == [1, 1]
    assert site.scaler(site.rows("train")).inputs["imu"].mean.tolist() == [1.5, 1.5]
    assert [*zip(site.bssids, scaler.inputs["wifi"].heard.tolist(), strict=True)] == [
        ("all", True),
        ("only-1", True),
        ("only-2", False),
    ]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_scaler_cannot_be_fitted_on_unseen_windows(split):
    site = site_of(four())
    rows = np.append(site.rows("train"), site.rows(split)[0])
    with pytest.raises(InputError, match="outside the training rounds; fit scalers on training"):
        site.scaler(rows)


def test_the_order_in_which_walks_are_read_does_not_matter():
    site, backwards = site_of(four()), site_of(four()[::-1])
    rows = np.arange(len(site.round))
    assert same(site.arrays(rows), backwards.arrays(rows))
    assert site.trace_names == backwards.trace_names == ("walk-1", "walk-2", "walk-3", "walk-4")


def test_a_card_is_plain_data_and_changes_with_the_vocabulary():
    card = site_of(four()).card()
    assert json.loads(json.dumps(card))["bssids"] == ["all", "only-1", "only-2"]
    assert card["shapes"] == {"imu": [10, 2], "mag": [10, 1], "wifi": [3]}
    assert not card["simulated"]
    other = site_of(four(round_1=recorded(1, wifi=scans((500, "all", -50, 0))))).card()
    assert other["bssid_sha256"] != card["bssid_sha256"]


def with_stream(number, sensor, change):
    one = recorded(number)
    old = one.stream(sensor)
    return replace(one, **{sensor: change(old.t_ms.copy(), old.values.copy())})


def not_finite(t_ms, values):
    values[7, 0] = np.nan
    return stream(t_ms, values)


def backwards(t_ms, values):
    t_ms[[7, 8]] = t_ms[[8, 7]]
    return stream(t_ms, values)


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (not_finite, "{} holds a value that is not a finite number"),
        (backwards, "{} time stamps run backwards"),
        (lambda t_ms, values: stream([], []), "no {} reading"),
    ],
)
def test_a_damaged_stream_is_named(sensor, change, problem):
    with pytest.raises(InputError, match=f"^walk-3.txt: {problem.format(sensor)}; "):
        site_of(four(round_3=with_stream(3, sensor, change)))


@pytest.mark.parametrize(
    ("t_ms", "xy_m", "problem"),
    [
        ([0], [[0, 0]], "1 waypoint"),
        ([0, 0], [[0, 0], [1, 0]], "waypoint times do not increase"),
        ([0, 2000], [[0, 0], [np.inf, 0]], "a waypoint is not a finite number"),
    ],
)
def test_damaged_ground_truth_is_named(t_ms, xy_m, problem):
    damaged = replace(
        recorded(2), waypoint_t_ms=np.array(t_ms), waypoint_xy_m=np.array(xy_m, float)
    )
    with pytest.raises(InputError, match=f"^walk-2.txt: {problem}"):
        site_of(four(round_2=damaged))


def test_only_sensors_of_the_modalities_asked_for_must_be_sound():
    lost = replace(recorded(3), frozen=(FrozenSpan("mag", 0, 2000),))
    with pytest.raises(InputError, match="round 3 of made-up has no window"):
        site_of(four(round_3=lost))
    site = site_of(four(round_3=lost), modalities=("imu", "wifi"))
    assert site.modalities == tuple(site.arrays(np.arange(3)).inputs) == ("imu", "wifi")
    assert site.shapes() == {"imu": (10, 2), "wifi": (3,)}
    assert list(site.windows.inputs) == ["imu"]


def test_a_round_too_short_for_a_window_is_named():
    with pytest.raises(InputError, match=r"^walk-4\.txt: .* share 880 ms, a window spans 900 ms; "):
        site_of(four(round_4=recorded(4, end_ms=880)))


@pytest.mark.parametrize(
    ("split", "problem"),
    [
        (Split((1, 2), (2,), (4,)), "a round of made-up is in two splits; "),
        (Split((1, 2), (3,), (14,)), r"made-up has no round \[14\]; "),
        (Split((1, 2), (), (4,)), "made-up has no round in one of its splits; "),
    ],
)
def test_a_split_that_does_not_fit_is_refused(split, problem):
    with pytest.raises(InputError, match=problem):
        site_of(four(), split)


def test_a_round_that_was_never_really_recorded_is_refused():
    stuck = replace(recorded(4), frozen=(FrozenSpan("gyro", 0, 2000),))
    with pytest.raises(InputError, match="round 4 of made-up has no window, "):
        site_of(four(round_4=stuck))


def test_a_site_needs_a_walk():
    with pytest.raises(InputError, match="made-up has no walk"):
        site_of([])


@pytest.mark.parametrize(
    ("name", "ours", "readme"),
    [
        ("location20/site1/B1", (5944, 3143, 970), (5920, 3128, 967)),
        ("location20/site2/F1", (5733, 3922, 847), (5709, 3907, 844)),
    ],
)
def test_the_shared_floors_hold_one_window_a_trace_more_than_their_readme_counts(
    data_dir, name, ours, readme
):
    """The data's README asks for a full 1000 ms after a window's start.

    Ten samples 100 ms apart span 900 ms, so every trace ends in one window more: 24 training, 15
    validation and 3 test traces a floor.
    """
    walks, split = buildings.walks(name, str(data_dir))
    site = build(name, walks, split, SPEC)
    counts = [len(site.rows(which)) for which in split._fields]
    traces = [sum(one.number in numbers for one in walks) for numbers in split]
    assert traces == [24, 15, 3]
    assert tuple(counts) == ours
    assert tuple(np.subtract(counts, traces)) == readme
    for number, name in enumerate(site.trace_names):
        (one,) = (w for w in walks if w.name == name)
        spans = [one.waypoint_t_ms, *(one.stream(sensor).t_ms for sensor in SENSORS)]
        shared_ms = min(t_ms[-1] for t_ms in spans) - max(t_ms[0] for t_ms in spans)
        assert np.sum(site.trace == number) == (shared_ms - 1000) // 100 + 1 + 1
