"""Simulated scans sweep channels, some in part; simulated floors have a plan."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtloc_jax.simulate import building_a, building_b, simulate, simulate_walks
from mtloc_jax.simulate.floor_plan import CORRIDOR, PIXELS_A_METRE, ROOM, WALL, floor_plan
from mtloc_jax.simulate.sweep import (
    BAND_2,
    BAND_5,
    PARTIAL_RATE,
    PARTIAL_SHARE,
    channel_mhz,
    draw_swept,
)

BUILDINGS = pytest.mark.parametrize("make", [building_a, building_b], ids=["a", "b"])


def test_a_sweep_goes_upwards_channel_by_channel():
    lag_s = np.array([1.4, 1.21, 1.19, 1.0 - 1e-9, 0.8, 0.79, 0.69, 0.15, 0.1])
    expected = [2412, 2412, 2437, 2462, 2462, 5180, 5220, 5785, 5785]
    assert channel_mhz(lag_s).tolist() == expected
    assert channel_mhz(np.array([1.5, 0.05])).tolist() == [0, 0]


@given(st.floats(BAND_5.last_s, BAND_2.first_s), st.floats(0, 1.3))
def test_what_is_heard_later_is_heard_on_no_lower_a_channel(lag_s, by_s):
    later_s = max(lag_s - by_s, BAND_5.last_s)
    first, second = channel_mhz(np.array([lag_s, later_s]))
    assert 0 < first <= second


def test_partial_scans_leave_out_whole_channels_and_full_ones_none():
    mhz = np.repeat([*BAND_2.mhz, *BAND_5.mhz], 2)
    swept = draw_swept(np.random.default_rng(0), 4000, mhz)
    assert np.array_equal(swept[:, ::2], swept[:, 1::2])
    partial = ~swept.all(axis=1)
    assert partial.mean() == pytest.approx(PARTIAL_RATE, abs=0.02)
    assert swept[partial].mean() == pytest.approx(PARTIAL_SHARE, abs=0.03)


@BUILDINGS
def test_an_access_point_keeps_its_channel_and_its_name_says_the_band(make):
    building = make(0)
    for walk in simulate(building, 0, 3, 20.0):
        of = dict(zip(building.bssid, building.ap_mhz, strict=True))
        assert walk.wifi.mhz.tolist() == [of[bssid] for bssid in walk.wifi.bssid]
        bands = np.where(walk.wifi.mhz < 3000, "2ghz", "5ghz")
        assert all(b.endswith(e) for b, e in zip(walk.wifi.bssid, bands, strict=True))
    assert set(building.ap_mhz) <= {*BAND_2.mhz, *BAND_5.mhz}
    assert len(set(building.ap_mhz)) >= 8


@BUILDINGS
def test_on_a_channel_that_was_left_out_nothing_is_new(make):
    """Entries of one channel are then all as old as the scan before, or they are gone."""
    rounds = simulate(make(0), 0, 14, 45.0)
    absent, present = [], []
    for walk in rounds:
        wifi = walk.wifi
        for scan in range(1, len(wifi.t_ms)):
            entries = wifi.scan == scan
            for mhz in BAND_2.mhz:
                age_ms = wifi.age_ms[entries & (wifi.mhz == mhz)]
                if len(age_ms) >= 3:
                    new = age_ms < 1500  # heard in this sweep: scans come 2 s apart
                    (present if new.any() else absent).append(new.mean())
    share = len(absent) / (len(absent) + len(present))
    assert share == pytest.approx(PARTIAL_RATE * PARTIAL_SHARE, abs=0.04)
    # Where it was swept most of what is listed was heard: nothing lies between.
    assert np.median(present) > 0.5


@BUILDINGS
def test_the_plan_shows_the_corridors_where_they_are(make):
    building = make(0)
    image, width_m, height_m = floor_plan(building)
    assert image.shape == (height_m * PIXELS_A_METRE, width_m * PIXELS_A_METRE)
    assert image.dtype == np.float32
    assert set(np.unique(image).tolist()) == {np.float32(g) for g in (WALL, ROOM, CORRIDOR)}

    def grey(xy_m):
        column, row = (xy_m * PIXELS_A_METRE).astype(int).T
        return image[len(image) - 1 - row, column]

    share = np.linspace(0.02, 0.98, 40)[:, None]
    for start_m, end_m in building.corridors_m:
        assert np.all(grey(start_m + share * (end_m - start_m)) == CORRIDOR)
    assert np.mean(image == CORRIDOR) < 0.3
    for _, (motion, *_) in simulate_walks(building, 0, 3, 20.0):
        assert np.mean(grey(motion.xy_m) == CORRIDOR) > 0.99


def test_the_plan_by_hand():
    image, *_ = floor_plan(building_a(0))
    # Along y = 4 and y = 30 lie corridors 2.6 m wide: from 2.7 to 5.3 m and from 28.7 to 31.3 m.
    column = image[::-1, 10 * PIXELS_A_METRE]  # from south to north, 10 m east
    inside = (column == CORRIDOR).astype(int)
    ends_m = (np.flatnonzero(np.diff(inside)) + 1) / PIXELS_A_METRE
    np.testing.assert_allclose(ends_m, [2.7, 5.3, 28.7, 31.3], atol=1 / PIXELS_A_METRE)
    assert column[int(2.6 * PIXELS_A_METRE)] == np.float32(WALL)
    assert np.array_equal(image, floor_plan(building_a(5))[0])
