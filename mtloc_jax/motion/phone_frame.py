"""What a network on motion reads each tick: the inertial sensors in the phone's yaw frame.

The frame is level: its first axis points where the phone's top does, its second to the left of it,
its third up. So it knows how a phone is held, as gravity tells it, and not which way it faces: a
world turned is the same to it. The field was tried, east, north and up, and is left out: on whole
floors of one mall held out in turn it was worth nothing, and elsewhere it is another one.
"""

from typing import NamedTuple

import numpy as np

from mtloc_jax.logs.round import Round
from mtloc_jax.motion import ticks
from mtloc_jax.motion.orientation import Attitude, attitude, axes, newest, to_world, yaw_rad

GRAVITY_M_S2 = 9.81
SAMPLES = ticks.TICK_MS // ticks.SAMPLE_MS
N_INPUTS = SAMPLES * 6


class Framed(NamedTuple):
    """Hold a walk as a network reads it, tick by tick.

    t_ms:    i64[K + 1], the ends of ticks
    inputs:  f32[K, 30], of each 20 ms acceleration less gravity (m/s^2) and turn rate (rad/s), both
             in the yaw frame; 0 where not measured
    yaw_rad: f32[K], at the tick's end, counter-clockwise from east
    live:    bool[K], whether accelerometer, gyroscope and attitude were known
    """

    t_ms: np.ndarray
    inputs: np.ndarray
    yaw_rad: np.ndarray
    live: np.ndarray


def framed(walk: Round, held: Attitude | None = None) -> Framed | None:
    """Return `walk` in the phone's yaw frame; each sample is the newest reading.

    None where nothing says which way is north.

    held: its attitude, where that is known already

    Raises InputError where accelerometer or gyroscope tell no motion, or no tick lies between the
    waypoints.
    """
    accel, gyro = axes(walk, "accel"), axes(walk, "gyro")
    held = attitude(walk) if held is None else held
    if not held.north:
        return None
    t_ms = ticks.tick_times(walk, held)
    ends_ms = t_ms[1:]
    ahead_rad = yaw_rad(held.at(ends_ms))
    before_ms = np.arange(SAMPLES - 1, -1, -1) * ticks.SAMPLE_MS
    sample_ms = (ends_ms[:, None] - before_ms).ravel()
    turn = held.at(sample_ms)
    pull = to_world(turn, accel.values[newest(accel.t_ms, sample_ms)]) - [0, 0, GRAVITY_M_S2]
    rate = to_world(turn, gyro.values[newest(gyro.t_ms, sample_ms)])
    level = _turned(np.stack([pull, rate], axis=1), np.repeat(ahead_rad, SAMPLES))
    inputs = level.reshape(len(ends_ms), -1)
    live = ticks.measured(walk, held, ends_ms, ("accel", "gyro"))
    inputs[~live] = 0
    return Framed(t_ms, inputs.astype(np.float32), ahead_rad.astype(np.float32), live)


def _turned(vectors: np.ndarray, ahead_rad: np.ndarray) -> np.ndarray:
    """Return vectors f64[n, 2, 3] of east, north and up as ahead, left and up."""
    cos, sin = np.cos(ahead_rad)[:, None], np.sin(ahead_rad)[:, None]
    east, north, up = np.moveaxis(vectors, -1, 0)
    return np.stack([east * cos + north * sin, north * cos - east * sin, up], axis=-1)
