"""The simulated phone says how it was held, and its steps can be counted: hand-worked and surveyed.

What a rotation vector is: github.com/location-competition/indoor-location-competition-20, and
developer.android.com/reference/android/hardware/SensorEvent (TYPE_ROTATION_VECTOR).
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round
from mtloc_jax.simulate import building_a, building_b, simulate, simulate_walks
from mtloc_jax.simulate.attitude import record_orientation, rotation_vector
from mtloc_jax.simulate.phone import record_imu
from mtloc_jax.simulate.walk import POSTURES, Walk, walk

NORTH = np.pi / 2
ANGLE = st.floats(-3.1, 3.1)


def turned(vector: np.ndarray) -> np.ndarray:
    """Return the rotations f64[n, 3, 3] that take the phone's axes to east, north and up."""
    x, y, z = vector.T
    w = np.sqrt(np.maximum(0, 1 - x * x - y * y - z * z))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def one(yaw_rad, pitch_rad, roll_rad=0.0):
    return rotation_vector(*(np.array([angle]) for angle in (yaw_rad, pitch_rad, roll_rad)))[0]


def test_a_phone_flat_with_its_top_to_the_north_is_not_turned_at_all():
    np.testing.assert_allclose(one(NORTH, 0), [0, 0, 0], atol=1e-15)


def test_a_phone_that_walks_north_lifted_is_turned_about_its_x_axis_alone():
    np.testing.assert_allclose(one(NORTH, 0.6), [np.sin(0.3), 0, 0], atol=1e-15)
    up, north = turned(one(NORTH, 0.6)[None])[0].T[[2, 1]]
    np.testing.assert_allclose(up, [0, -np.sin(0.6), np.cos(0.6)], atol=1e-15)
    np.testing.assert_allclose(north, [0, np.cos(0.6), np.sin(0.6)], atol=1e-15)  # its top edge


def test_quarter_turns_are_about_the_vertical_and_east_is_clockwise():
    np.testing.assert_allclose(one(0, 0), [0, 0, -np.sqrt(0.5)], atol=1e-15)  # east
    np.testing.assert_allclose(one(np.pi, 0), [0, 0, np.sqrt(0.5)], atol=1e-15)  # west
    # To the south w is 0: either sign is the same rotation.
    np.testing.assert_allclose(np.abs(one(-NORTH, 0)), [0, 0, 1], atol=1e-15)


def test_a_roll_is_about_the_top_edge():
    np.testing.assert_allclose(one(NORTH, 0, 0.4), [0, np.sin(0.2), 0], atol=1e-15)
    # Upright (pitch 90 degrees) and rolled: the top edge still points up.
    top = turned(one(NORTH, NORTH, 0.4)[None])[0][:, 1]
    np.testing.assert_allclose(top, [0, 0, 1], atol=1e-15)


@given(ANGLE, ANGLE, ANGLE)
def test_any_rotation_vector_is_the_product_of_its_three_turns(yaw, pitch, roll):
    def about(axis, angle_rad):
        matrix, (i, j) = np.eye(3), [(1, 2), (2, 0), (0, 1)][axis]
        matrix[[i, j, i, j], [i, j, j, i]] = (
            np.cos(angle_rad),
            np.cos(angle_rad),
            -np.sin(angle_rad),
            np.sin(angle_rad),
        )
        return matrix

    vector = one(yaw, pitch, roll)
    assert np.linalg.norm(vector) <= 1 + 1e-12
    expected = about(2, yaw - NORTH) @ about(0, pitch) @ about(1, roll)
    np.testing.assert_allclose(turned(vector[None])[0], expected, atol=2e-7)


@pytest.fixture(scope="module", params=[building_a, building_b], ids=["a", "b"])
def survey(request):
    building = request.param(0)
    return building, simulate_walks(building, 0, 14, 45.0)


def world(walked: Round, sensor: str) -> np.ndarray:
    """Return a sensor's readings f64[n, 3] in east, north and up, as the phone believes."""
    stream, held = walked.stream(sensor), walked.stream(ORIENTATION)
    axes = [np.interp(stream.t_ms, held.t_ms, column) for column in signed(held.values).T]
    w, *xyz = np.array(axes) / np.linalg.norm(axes, axis=0)
    vector = np.array(xyz).T * np.where(w < 0, -1, 1)[:, None]
    return np.einsum("nij,nj->ni", turned(vector), stream.values)


def signed(vector: np.ndarray) -> np.ndarray:
    """Return whole quaternions w, x, y, z whose sign does not jump, so that they interpolate."""
    w = np.sqrt(np.maximum(0, 1 - (vector**2).sum(axis=1)))
    whole = np.column_stack([w, vector])
    flips = np.sign((whole[1:] * whole[:-1]).sum(axis=1))
    return whole * np.cumprod(np.append(1, flips))[:, None]


def top_rad(vector: np.ndarray) -> np.ndarray:
    """Return where the phone's top edge points, counted from east to north."""
    top = turned(vector)[:, :, 1]
    return np.unwrap(np.arctan2(top[:, 1], top[:, 0]))


def yaw_rad(walked: Round) -> np.ndarray:
    return top_rad(walked.stream(ORIENTATION).values)


def test_turned_to_the_world_gravity_is_up_and_turning_is_about_it(survey):
    _, walks = survey
    for walked, (motion, *_) in walks:
        accel = world(walked, "accel").mean(axis=0)
        assert accel[2] == pytest.approx(9.81, abs=0.6)
        assert np.hypot(*accel[:2]) < 0.6  # a bias of the sensor
        turn_rate = world(walked, "gyro")
        true = np.interp(walked.gyro.t_ms / 1000, motion.t_s, motion.yaw_rate_rad_s)
        assert np.std(turn_rate[:, 2] - true) < 0.06
        assert np.corrcoef(turn_rate[:, 2], true)[0, 1] > 0.9


def test_turned_to_the_world_the_field_is_that_of_the_place_but_for_the_headings_error(survey):
    building, walks = survey
    for walked, (motion, *_) in walks[:3]:
        clean = replace(walked.mag, values=walked.mag.values - building.phone.mag.bias)
        found_ut = world(replace(walked, mag=clean), "mag")
        true_ut = building.field_ut(motion.at(walked.mag.t_ms / 1000).xy_m)
        np.testing.assert_allclose(found_ut[:, 2], true_ut[:, 2], atol=6)
        true_yaw = motion.at(walked.stream(ORIENTATION).t_ms / 1000).yaw_rad
        off = np.angle(np.exp(1j * (yaw_rad(walked) - true_yaw)).mean())
        level, true_level = (field @ np.array([1, 1j, 0]) for field in (found_ut, true_ut))
        assert np.abs(level * np.exp(-1j * off) - true_level).mean() < 3


def test_a_walks_heading_is_off_by_an_angle_of_its_own_that_drifts_slowly():
    a = building_a(0)
    nodes_m = np.array([[4.0, 4.0], [4.0, 84.0]])
    motion = walk(np.random.default_rng(0), nodes_m, a.walkers[0], POSTURES[0], 10.0).motion
    means, drifts = [], []
    for seed in range(300):
        held = record_orientation(np.random.default_rng(seed), motion)
        believed = top_rad(held.values) - motion.at(held.t_ms / 1000).yaw_rad
        off = np.unwrap(np.angle(np.exp(1j * believed)))
        means.append(off.mean())
        drifts.append(off[-100:].mean() - off[:100].mean())
        assert np.abs(np.diff(off)).max() < np.radians(6)  # noise alone
    assert np.degrees(np.std(means)) == pytest.approx(11.2, abs=1.5)
    assert np.abs(np.degrees(np.mean(means))) < 2
    assert 0.6 < np.degrees(np.std(drifts)) < 2  # in 8 s


def test_phone_and_walker_differ_by_some_13_degrees_a_walk():
    offsets = []
    for seed in range(5):
        for walked, (motion, *_) in simulate_walks(building_a(seed), seed, 14, 5.0):
            held = walked.stream(ORIENTATION)
            step = np.diff(motion.at(held.t_ms / 1000).xy_m @ np.array([1, 1j]))
            offsets.append(np.angle(np.mean(np.exp(1j * top_rad(held.values))[1:] * step.conj())))
    assert np.degrees(np.std(offsets)) == pytest.approx(13, abs=3)


def peaks(walked: Round, end_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times i64[K] of the peaks of |a|, smoothed over 0.2 s, and the swings between."""
    t_ms = np.arange(500, end_ms, 20)
    norm = np.linalg.norm(walked.accel.values, axis=1)
    window = np.hanning(13)[1:-1]
    level = np.convolve(np.interp(t_ms, walked.accel.t_ms, norm), window / window.sum(), "same")
    high = np.flatnonzero(
        (level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:]) & (level[1:-1] > 9.81 + 0.5)
    )
    found = [int(high[0]) + 1]
    for at in high[1:] + 1:
        if (at - found[-1]) * 20 >= 300:
            found.append(int(at))
        elif level[at] > level[found[-1]]:
            found[-1] = int(at)
    swings = [np.ptp(level[a : b + 1]) for a, b in pairwise(found)]
    return t_ms[found], np.array(swings)


def test_peaks_of_the_acceleration_count_the_steps(survey):
    _, walks = survey
    counted, true = [], []
    for walked, (motion, *_) in walks:
        at_ms, _ = peaks(walked, 44_500)
        counted.append(len(at_ms))
        true.append(np.ptp(np.interp([0.5, 44.5], motion.t_s, motion.phase_rad)) / (2 * np.pi))
    share = np.array(counted) / np.array(true)
    assert np.all(np.abs(share - 1) < 0.06)
    assert abs(share.mean() - 1) < 0.03


def test_one_constant_a_building_makes_distance_of_the_steps_swings(survey):
    _, walks = survey
    strides, lengths_m = [], []
    for walked, (motion, *_) in walks:
        at_ms, swings = peaks(walked, 44_500)
        on_the_way = motion.at(np.arange(at_ms[0], at_ms[-1], 100) / 1000).xy_m
        lengths_m.append(np.linalg.norm(np.diff(on_the_way, axis=0), axis=1).sum())
        strides.append((swings**0.25).sum())
    k = np.array(lengths_m) / np.array(strides)
    assert 0.35 < k.mean() < 0.65
    assert np.std(k) / k.mean() < 0.1


def test_steps_along_the_believed_heading_lead_where_the_walk_went(survey):
    """The whole recipe of dead reckoning, but for a rotation of each walk: a few per cent off."""
    _, walks = survey
    errors = []
    for walked, (motion, *_) in walks:
        at_ms, swings = peaks(walked, 44_500)
        middle_ms = (at_ms[1:] + at_ms[:-1]) / 2
        heading = np.interp(middle_ms, walked.stream(ORIENTATION).t_ms, yaw_rad(walked))
        moved = np.cumsum(0.5 * swings**0.25 * np.exp(1j * heading))
        true = motion.at(at_ms / 1000).xy_m @ np.array([1, 1j])
        true = true[1:] - true[0]
        fit = np.vdot(moved, true) / np.vdot(moved, moved)
        errors.append(np.abs(moved * fit - true).mean() / np.abs(np.diff(true)).sum())
        assert abs(np.angle(fit)) < np.radians(50)
    assert np.mean(errors) < 0.05


@settings(deadline=None, derandomize=True, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.floats(5, 60))
def test_any_walks_orientation_is_part_of_unit_quaternions_in_order(seed, round_s):
    for walked in simulate(building_a(seed), seed, 2, round_s):
        held = walked.stream(ORIENTATION)
        assert np.all(np.diff(held.t_ms) > 0)
        assert (held.values**2).sum(axis=1).max() <= 1 + 1e-12
        assert held.t_ms[-1] >= walked.waypoint_t_ms[-1]


def test_a_phone_carried_north_at_a_steady_pace_believes_north_on_average():
    a = building_a(0)
    nodes_m = np.array([[4.0, 4.0], [4.0, 54.0]])
    truth: Walk = walk(np.random.default_rng(0), nodes_m, a.walkers[0], POSTURES[0], 20.0)
    vectors = [record_orientation(np.random.default_rng(seed), truth.motion) for seed in range(40)]
    means = np.array([turned(one.values)[:, :, 1].mean(axis=0) for one in vectors])
    east, north, up = means.mean(axis=0)
    assert abs(np.degrees(np.arctan2(east, north))) < 6
    assert up == pytest.approx(np.sin(0.6), abs=0.02)
    accel, *_ = record_imu(np.random.default_rng(0), a, truth.motion)
    assert accel.values[:, 1].mean() == pytest.approx(9.81 * np.sin(0.6), abs=0.5)
