"""Scalers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mtloc_jax.core.inputs import metres, scaled_xy
from mtloc_jax.modalities import Held, blank_sensor, scaled_levels, standardised
from mtloc_jax.settings import Wipe
from mtloc_jax.sites import scaling

NAN = np.nan
IMU = np.array([[[9, 1], [11, 1]], [[9, 5], [11, 5]]], np.float32)  # two windows of two steps
MAG = np.array([[[40], [40]], [[60], [60]]], np.float32)
DBM = np.array([[NAN, NAN, NAN], [-50, -80, NAN], [-60, NAN, NAN], [-30, -99, -40]], np.float32)
XY_M = np.array([[0.0, 7.0], [4.0, 7.0]])


def fit(imu=IMU, mag=MAG, wifi_dbm=DBM, scan=(1, 2), xy_m=XY_M, frame=scaling.centred):
    """Fit on some windows; `scan` says which row of the scans each of them holds."""
    held = {"imu": Held(imu), "mag": Held(mag), "wifi": Held(wifi_dbm, np.array(scan))}
    return scaling.fit(held, xy_m, frame)


def test_a_scaler_holds_what_is_worked_out_by_hand():
    scaler = fit()
    assert scaler.inputs["imu"].mean.tolist() == [10, 3]
    assert scaler.inputs["imu"].std.tolist() == [1, 2]
    assert (scaler.inputs["imu"].least.tolist(), scaler.inputs["mag"].least.tolist()) == (
        [9, 1],
        [40],
    )
    assert (scaler.inputs["mag"].mean.tolist(), scaler.inputs["mag"].std.tolist()) == ([50], [10])
    # Heard in the two windows: -50, -80 and -60; the floor is 1 dB below the weakest.
    assert (scaler.inputs["wifi"].floor_dbm, scaler.inputs["wifi"].span_db) == (-81, 31)
    assert scaler.inputs["wifi"].heard.tolist() == [True, True, False]
    assert scaler.xy_mean_m.tolist() == [2, 7]
    assert scaler.xy_scale_m == pytest.approx(np.sqrt((4 + 0 + 4 + 0) / 4))


def test_the_mean_fingerprint_counts_each_window_and_reads_0_where_nothing_was_heard():
    scaler = fit(
        imu=np.repeat(IMU, 2, axis=0), mag=np.repeat(MAG, 2, axis=0), scan=(1, 1, 1, 0), xy_m=XY_M
    )
    # Three windows of (-50, -80) and one that heard nothing; floor -81, span 31.
    assert scaler.inputs["wifi"].mean.tolist() == pytest.approx([0.75 * 31 / 31, 0.75 * 1 / 31, 0])


def test_scans_that_no_window_uses_do_not_count():
    other = DBM.copy()
    other[3] = [-1, -120, -120]
    assert fit(wifi_dbm=other).inputs["wifi"].floor_dbm == -81
    assert not fit(wifi_dbm=other).inputs["wifi"].heard[2]


def test_a_sensor_that_never_moved_keeps_its_unit():
    scaler = fit(mag=np.full((2, 7, 1), 0.1, np.float32))
    assert scaler.inputs["mag"].std.tolist() == [1]
    assert scaler.inputs["mag"].mean.tolist() == [np.float32(0.1)]


def test_windows_that_heard_nothing_still_give_a_usable_scaler():
    scaler = fit(scan=(0, 0))
    assert not scaler.inputs["wifi"].heard.any()
    assert scaler.inputs["wifi"].mean.tolist() == [0, 0, 0]
    assert scaler.inputs["wifi"].span_db > 0
    assert np.isfinite(scaler.inputs["wifi"].floor_dbm)


def test_a_walker_who_stood_still_gives_a_usable_frame():
    scaler = fit(xy_m=np.full((2, 2), 7.0))
    assert (scaler.xy_mean_m.tolist(), scaler.xy_scale_m) == ([7, 7], np.float32(1e-3))


def test_both_axes_share_one_scale_so_that_squared_error_stays_metric():
    scaler = fit(xy_m=np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 40.0]]), scan=(1, 1, 1))
    a, b = scaled_xy(np.array([[0.0, 0.0], [30.0, 40.0]]), scaler)
    assert scaler.xy_scale_m * np.hypot(*(b - a)) == pytest.approx(50)


def test_a_unit_frame_starts_at_the_least_position_and_spans_the_longer_axis():
    xy_m = np.array([[5.0, -2.0], [25.0, 8.0], [15.0, 0.0]])
    least, scale = scaling.unit(xy_m)
    assert (least.tolist(), scale) == ([5, -2], 20)
    scaler = fit(frame=scaling.unit)
    assert (scaler.xy_mean_m.tolist(), scaler.xy_scale_m) == ([0, 7], 4)
    still = scaling.unit(np.full((2, 2), 7.0))
    assert (still[0].tolist(), still[1]) == ([7, 7], np.float32(1e-3))


@given(arrays(np.float64, (6, 2), elements=st.floats(-500, 500, width=32)))
@settings(deadline=None, derandomize=True)
def test_an_output_that_is_never_negative_reaches_every_position_of_a_unit_frame(xy_m):
    scaler = fit(xy_m=xy_m, frame=scaling.unit)
    scaled = scaled_xy(xy_m, scaler)
    assert np.all(scaled >= -1e-6)
    assert np.all(scaled <= 1 + 1e-4)
    assert metres(scaled, scaler) == pytest.approx(xy_m, abs=1e-3)


def test_readings_between_floor_and_strongest_scale_to_0_1_and_weaker_ones_to_0():
    dbm = np.array([[-81, -50, -40], [-90, NAN, -40], [-50, -65.5, NAN]], np.float32)
    scaled = np.asarray(scaled_levels(dbm, fit().inputs["wifi"]))
    # The third access point was not heard in training: it reads "not heard" for ever.
    assert scaled.tolist() == [[0, 1, 0], [0, 0, 0], [1, 0.5, 0]]


@given(arrays(np.float64, (6, 2), elements=st.floats(-500, 500, width=32)))
@settings(deadline=None, derandomize=True)
def test_positions_come_back_in_metres(xy_m):
    scaler = fit(xy_m=xy_m, scan=(1,) * 6)
    assert metres(scaled_xy(xy_m, scaler), scaler) == pytest.approx(xy_m, abs=1e-3)


@given(arrays(np.float32, (5, 4, 2), elements=st.floats(-100, 100, width=32)))
@settings(deadline=None, derandomize=True)
def test_scaled_training_windows_have_mean_0_and_spread_1_or_none(imu):
    scaler = fit(imu=imu, scan=(1,) * 5)
    scaled = (imu.astype(np.float64) - scaler.inputs["imu"].mean) / scaler.inputs["imu"].std
    spread = imu.astype(np.float64).std(axis=(0, 1))
    clear = spread > 1e-3
    assert np.abs(scaled.mean(axis=(0, 1))[clear]) == pytest.approx(0, abs=1e-2)
    assert scaled.std(axis=(0, 1))[clear] == pytest.approx(1, abs=1e-3)
    assert np.all(scaler.inputs["imu"].std > 0)


@given(arrays(np.float32, (5, 4, 2), elements=st.floats(-100, 100, width=32)))
@settings(deadline=None, derandomize=True)
def test_no_training_reading_is_less_than_what_a_wiped_point_reads_by_default(imu):
    fitted = fit(imu=imu, scan=(1,) * 5).inputs["imu"]
    least = standardised(imu, fitted).min(axis=(0, 1))
    assert blank_sensor(Wipe.fill, fitted).tolist() == least.tolist()


def test_a_scaler_comes_back_as_it_was_and_an_older_one_without_a_least_reading():
    plain = fit().plain()
    back = scaling.read_back(plain)
    assert back.inputs["imu"].least.tolist() == [9, 1]
    del plain["inputs"]["imu"]["least"]
    older = scaling.read_back(plain)
    assert np.isnan(older.inputs["imu"].least)
    assert older.inputs["imu"].mean.tolist() == [10, 3]
