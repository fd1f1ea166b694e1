"""What a network on motion reads: level, in the phone's yaw frame, causal, zero where silent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Stream
from mtloc_jax.motion.phone_frame import N_INPUTS, framed
from tests.phone_walk import straight_walk

ANGLES = st.floats(-3.1, 3.1)
TILTS = st.floats(-1.2, 1.2)


def samples(seen):
    """Return acceleration and turn rate f32[K, 5, 2, 3] of each tick."""
    return seen.inputs.reshape(-1, 5, 2, 3)


@given(turned=ANGLES, pitch=TILTS, roll=TILTS)
@settings(max_examples=20, deadline=None)
def test_a_phone_at_rest_reads_nothing(turned, pitch, roll):
    seen = framed(
        straight_walk(turned_rad=turned, pitch_rad=pitch, roll_rad=roll, seconds=1, bounce_m_s2=0)
    )
    assert seen.inputs.shape == (10, N_INPUTS)
    assert np.abs(samples(seen)).max() < 1e-5
    assert np.cos(seen.yaw_rad - turned - np.pi / 2) == pytest.approx(1, abs=1e-6)


@given(turned=ANGLES, pitch=TILTS, roll=TILTS)
@settings(max_examples=20, deadline=None)
def test_a_push_ahead_is_ahead_and_a_turn_is_about_up_however_the_phone_is_held(
    turned, pitch, roll
):
    walk = straight_walk(
        turned_rad=turned, pitch_rad=pitch, roll_rad=roll, seconds=1, bounce_m_s2=0
    )
    world = Rotation.from_euler("z", turned)
    held = world * Rotation.from_euler("XY", [pitch, roll])
    # 1 m/s^2 ahead, 0.5 to the right; ahead is where the top points: north, turned.
    push = held.inv().apply(world.apply([0.5, 1, 0]))
    rate = held.inv().apply([0, 0, 0.3])
    pushed = replace(
        walk,
        accel=Stream(walk.accel.t_ms, walk.accel.values + push),
        gyro=Stream(walk.gyro.t_ms, walk.gyro.values + rate),
    )
    assert np.allclose(samples(framed(pushed)), [[1, -0.5, 0], [0, 0, 0.3]], atol=1e-5)


def test_a_tick_holds_its_five_newest_samples_the_oldest_first():
    walk = straight_walk(seconds=1, bounce_m_s2=0)
    counting = walk.accel.values + np.arange(51)[:, None] * [0, 0, 1]
    seen = framed(replace(walk, accel=Stream(walk.accel.t_ms, counting)))
    assert np.allclose(samples(seen)[:2, :, 0, 2], [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])


def test_what_is_read_does_not_hang_on_what_comes_later():
    whole = straight_walk(seconds=4)
    cut = replace(
        whole,
        **{
            name: Stream(whole.stream(name).t_ms[:101], whole.stream(name).values[:101])
            for name in ("accel", "gyro", "mag")
        },
        extra={ORIENTATION: Stream(whole.accel.t_ms[:101], whole.extra[ORIENTATION].values[:101])},
        waypoint_t_ms=np.array([0, 2000]),
    )
    assert np.array_equal(framed(whole).inputs[:20], framed(cut).inputs)


@pytest.mark.parametrize("sensor", ["accel", "gyro"])
def test_a_tick_that_a_sensor_did_not_measure_reads_nothing(sensor):
    walk = straight_walk(seconds=4)
    stream = walk.stream(sensor)
    kept = (stream.t_ms <= 1000) | (stream.t_ms >= 3000)
    seen = framed(replace(walk, **{sensor: Stream(stream.t_ms[kept], stream.values[kept])}))
    assert seen.live.tolist() == [True] * 13 + [False] * 16 + [True] * 11
    assert not seen.inputs[~seen.live].any()
    assert seen.inputs[seen.live].any(axis=1).all()


def test_the_field_is_not_read():
    walk = straight_walk(seconds=2)
    norm = Stream(walk.mag.t_ms, np.linalg.norm(walk.mag.values, axis=1, keepdims=True))
    assert np.array_equal(framed(replace(walk, mag=norm)).inputs, framed(walk).inputs)


def test_a_gyroscope_that_begins_late_was_not_measured_before():
    walk = straight_walk(seconds=4)
    late = framed(replace(walk, gyro=Stream(walk.gyro.t_ms[100:], walk.gyro.values[100:])))
    assert late.live.tolist() == [False] * 19 + [True] * 21
