"""Yaw and tilt by hand-worked quaternions, and the filter against phones that are really turned."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import FrozenSpan, Stream
from mtloc_jax.motion import orientation
from mtloc_jax.motion.mahony import mahony
from mtloc_jax.prediction.live_attitude import LiveAttitude
from tests.phone_walk import EARTH_UT, straight_walk

HALF = np.sqrt(0.5)
ANGLES = st.floats(-3.1, 3.1)


@pytest.mark.parametrize(
    ("vector", "yaw_deg", "tilt_deg"),
    [
        ([0, 0, 0], 90, 0),  # as the world's axes lie: the top points north
        ([0, 0, HALF], 180, 0),  # a quarter turn counter-clockwise: west
        ([0, 0, -HALF], 0, 0),  # east
        ([0, 0, 1], -90, 0),  # south
        ([0.5, 0, 0], 90, 60),  # its top lifted by 60 degrees, still northward
        ([0, 0.5, 0], 90, 60),  # rolled to the right
    ],
)
def test_yaw_is_where_the_top_points_and_tilt_how_far_the_screen_leans(vector, yaw_deg, tilt_deg):
    quaternion = orientation.recorded(Stream(np.array([0]), np.array([vector], float))).quaternion
    difference = orientation.yaw_rad(quaternion) - np.radians(yaw_deg)
    assert np.cos(difference) == pytest.approx(1, abs=1e-12)
    assert np.degrees(orientation.tilt_rad(quaternion)) == pytest.approx(tilt_deg, abs=1e-5)


def test_a_vector_whose_norm_was_rounded_over_one_is_half_a_turn():
    vector = Stream(np.array([0]), np.array([[0.0, 0.0, 1.0000001]]))
    assert orientation.recorded(vector).quaternion[0, 3] == 0


@given(yaw=ANGLES, pitch=st.floats(-1.4, 1.4), roll=st.floats(-3.1, 3.1))
def test_lifting_and_rolling_a_phone_leaves_its_yaw(yaw, pitch, roll):
    level = Rotation.from_euler("z", yaw)
    held = level * Rotation.from_euler("x", pitch) * Rotation.from_euler("y", roll)
    both = np.stack([level.as_quat(), held.as_quat()])
    a, b = orientation.yaw_rad(both)
    assert np.cos(a - b) == pytest.approx(1, abs=1e-9)


@given(yaw=ANGLES, turned=ANGLES, pitch=st.floats(-1.4, 1.4))
def test_a_turned_world_turns_the_yaw_and_leaves_the_tilt(yaw, turned, pitch):
    held = Rotation.from_euler("z", yaw) * Rotation.from_euler("x", pitch)
    both = np.stack([held.as_quat(), (Rotation.from_euler("z", turned) * held).as_quat()])
    a, b = orientation.yaw_rad(both)
    assert np.cos(b - a - turned) == pytest.approx(1, abs=1e-9)
    assert orientation.tilt_rad(both)[0] == pytest.approx(orientation.tilt_rad(both)[1], abs=1e-6)


@given(yaw=ANGLES, pitch=st.floats(-1.4, 1.4), roll=st.floats(-1.4, 1.4))
def test_the_filter_finds_how_a_phone_at_rest_is_held(yaw, pitch, roll):
    held = Rotation.from_euler("z", yaw) * Rotation.from_euler("xy", [pitch, roll])
    t_ms = np.arange(0, 200, 20)
    rows = np.ones((len(t_ms), 1))
    pull, field = (rows * held.inv().apply(v) for v in ([0, 0, 9.81], EARTH_UT))
    found = Rotation.from_quat(mahony(t_ms, 0 * pull, pull, field))
    assert (found * held.inv()).magnitude() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("field_ut", [EARTH_UT, 10 * EARTH_UT, EARTH_UT * np.nan])
def test_the_filter_turns_with_the_gyroscope_with_and_without_a_field(field_ut):
    t_ms = np.arange(0, 2001, 10)
    yaw = np.radians(45) * t_ms / 1000  # counter-clockwise: 90 degrees in all
    held = Rotation.from_euler("z", yaw[:, None]) * Rotation.from_euler("x", 0.7)
    rate = np.ones((len(t_ms), 1)) * Rotation.from_euler("x", 0.7).inv().apply(
        [0, 0, np.radians(45)]
    )
    pull, field = held.inv().apply([0, 0, 9.81]), held.inv().apply(field_ut)
    found = np.unwrap(orientation.yaw_rad(mahony(t_ms, rate, pull, field)))
    # The first attitude is the mean over a second in which it turned: up to half of 45 degrees.
    assert np.degrees(found[-1] - found[0]) == pytest.approx(90, abs=6)


def test_the_filter_learns_a_bias_from_gravity_and_is_held_back_by_the_field():
    t_ms = np.arange(0, 300_000, 20)
    rows = np.ones((len(t_ms), 1))
    found = Rotation.from_quat(
        mahony(t_ms, rows * [0.02, -0.01, 0.01], rows * [0, 0, 9.81], rows * EARTH_UT)
    )
    tilt_deg = np.degrees(orientation.tilt_rad(found.as_quat()))
    assert tilt_deg[-1] < 0.3 < 1 < tilt_deg.max()
    # 0.01 rad/s would be 172 degrees by now; against 0.1 a second of pull it is 0.1 rad.
    yaw_deg = np.degrees(orientation.yaw_rad(found.as_quat()[-1:])) - 90
    assert yaw_deg[0] == pytest.approx(5.7, abs=0.3)


def test_steel_does_not_tilt_the_phone():
    t_ms = np.arange(0, 30_000, 20)
    rows = np.ones((len(t_ms), 1))
    field = np.where(t_ms[:, None] < 5000, EARTH_UT, [30.0, 5.0, 20.0])
    found = mahony(t_ms, 0 * rows * [1, 1, 1], rows * [0, 0, 9.81], field)
    assert np.degrees(orientation.tilt_rad(found)).max() < 1e-4
    assert np.degrees(abs(orientation.yaw_rad(found)[-1] - np.pi / 2)) > 45


@pytest.mark.parametrize("pull", [[0, 9.81, 0], [0, -9.81, 0], [0, 0, 9.81], [9.81, 0, 0]])
def test_a_phone_with_no_north_begins_upright_in_any_posture(pull):
    held = mahony(np.array([0]), np.zeros((1, 3)), np.array([pull], float), np.full((1, 3), np.nan))
    assert np.allclose(orientation.to_world(held, np.array([pull])), [[0, 0, 9.81]])


def test_a_recorded_orientation_is_taken_before_the_filters():
    walk = straight_walk(turned_rad=1.0)
    wrong = replace(walk, mag=Stream(walk.mag.t_ms, -walk.mag.values))
    assert np.allclose(orientation.yaw_rad(orientation.attitude(wrong).quaternion), 1 + np.pi / 2)
    alone = orientation.attitude(replace(walk, extra={}))
    assert np.allclose(orientation.yaw_rad(alone.quaternion), 1 + np.pi / 2, atol=0.02)


def test_an_attitude_is_read_causally():
    held = orientation.Attitude(np.array([100, 200]), np.array([[0, 0, 0, 1.0], [0, 0, 1.0, 0]]))
    assert held.at(np.array([50, 100, 199, 200]))[:, 3].tolist() == [1, 1, 1, 0]


def test_magnitudes_and_rescaled_sensors_tell_no_motion():
    walk = straight_walk(oriented=False)
    of_magnitude = replace(walk, gyro=Stream(walk.gyro.t_ms, walk.gyro.values[:, :1]))
    with pytest.raises(InputError, match="straight: gyro was published as a magnitude"):
        orientation.attitude(of_magnitude)
    with pytest.raises(InputError, match="rescaled"):
        orientation.attitude(replace(walk, normalised=True))


@pytest.mark.parametrize(("times", "north"), [(1, True), (10, False), (0, False), (np.nan, False)])
def test_an_attitude_says_whether_its_yaw_counts_from_the_north(times, north):
    walk = straight_walk(oriented=False)
    walk = replace(walk, mag=Stream(walk.mag.t_ms, times * walk.mag.values))
    assert orientation.attitude(walk).north is north
    assert LiveAttitude()(walk).north is north


def test_rotation_vectors_need_no_field_to_know_the_north():
    walk = straight_walk(oriented=True)
    assert orientation.attitude(replace(walk, mag=Stream(walk.mag.t_ms, 0 * walk.mag.values))).north


@pytest.mark.parametrize("silent", [True, False])
def test_a_magnetometer_that_stops_leaves_the_yaw_to_the_gyroscope(silent):
    """At 3 s it falls silent or freezes; a quarter turn from 5 to 6 s must last."""
    walk = straight_walk(seconds=40, oriented=False)
    t_ms, rate = walk.gyro.t_ms, np.zeros_like(walk.gyro.values)
    rate[(t_ms > 5000) & (t_ms <= 6000), 2] = -np.pi / 2
    walk = replace(walk, gyro=Stream(t_ms, rate))
    if silent:
        stopped = replace(walk, mag=Stream(t_ms[:151], walk.mag.values[:151]))
    else:
        stopped = replace(walk, frozen=(FrozenSpan("mag", 3001, 40_000),))
    north, turned = (
        orientation.yaw_rad(orientation.attitude(w).quaternion) for w in (walk, stopped)
    )
    at_s = 50 * np.array([3, 5, 6, 39])
    assert np.degrees(turned[at_s]) == pytest.approx([90, 90, 0, 0], abs=2)
    assert np.degrees(north[-1]) == pytest.approx(90, abs=10)
