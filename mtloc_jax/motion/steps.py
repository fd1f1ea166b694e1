"""How a phone moves by its steps: classical pedestrian dead reckoning, causal.

A step is a peak of the low-passed strength of the acceleration; its length is Weinberg's, "Using
the ADXL202 in pedometer and personal navigation applications" (Analog Devices AN-602, 2002); its
direction is where the phone's top points. Settings were chosen on the whole floors of the first
mall of Indoor Location 2.0 alone (446 walks).
"""

from typing import NamedTuple

import numpy as np
from scipy import signal

from mtloc_jax.evidence import Moves
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round, Stream
from mtloc_jax.motion import orientation, ticks
from mtloc_jax.motion.orientation import Attitude

STRIDE_K = 0.42
"""Metres a fourth root of m/s^2, of the strength as filtered here."""
CUTOFF_HZ, ORDER = 2.0, 2
DEAD_MS = 300
LEAST_RISE_M_S2 = 1.0
RISE_SHARE, RISE_RATE = 0.4, 0.2
"""A step rises to this share of those before it at least; they are a running mean of this rate."""
PAUSE_MS = 1000
"""Without a step for so long people stand: half a step was begun and not ended."""
FORGET_MS = 2000
STANDING_M2, WALKING_M = 0.001, 0.26
"""Variance of a tick's displacement, either way: in itself, and for each metre of it. The second is
likeliest on legs 1 to 4 waypoints long, where the first came out as 0: it is 1 m in 100 s."""


class Steps(NamedTuple):
    """Hold the steps of a stream: when each was known, i64[n], and its rise in m/s^2, f64[n]."""

    t_ms: np.ndarray
    rise_m_s2: np.ndarray


def moves(
    walk: Round,
    held: Attitude | None = None,
    *,
    stride_k: float = STRIDE_K,
    turned_rad: float = 0.0,
) -> Moves | None:
    """Return how steps move the phone through `walk`, tick by tick; nothing is known beforehand.

    None where nothing says which way is north.

    held: its attitude, where that is known already
    turned_rad: added to the yaw, counter-clockwise: of a phone that is not held ahead

    Raises InputError where accelerometer or attitude tell nothing (`orientation.attitude`), or no
    tick lies between the waypoints.
    """
    held = orientation.attitude(walk) if held is None else held
    if not held.north:
        return None
    t_ms = ticks.tick_times(walk, held)
    walked_m = stride_k * walked(steps(orientation.axes(walk, "accel")), t_ms)
    ahead_rad = orientation.yaw_rad(held.at(t_ms[1:])) + turned_rad
    by_tick_m = np.diff(walked_m)
    moved_m = by_tick_m[:, None] * np.column_stack([np.cos(ahead_rad), np.sin(ahead_rad)])
    sigma_m = np.sqrt(STANDING_M2 + WALKING_M * np.abs(by_tick_m))
    sensors = ("accel",) if ORIENTATION in walk.extra else ("accel", "gyro")
    live = ticks.measured(walk, held, t_ms[1:], sensors)
    return Moves(
        t_ms, np.where(live[:, None], moved_m, 0.0), np.where(live, sigma_m, ticks.UNMEASURED_M)
    )


def steps(accel: Stream) -> Steps:
    """Count the steps in acceleration f64[n, 3], m/s^2, at 50 Hz: the newest reading, low-passed.

    A peak is known one sample later. It counts if it rises enough above the least since the step
    before, but at most a second back, and no step was counted in the dead time.
    """
    t_ms = np.arange(accel.t_ms[0], accel.t_ms[-1] + 1, ticks.SAMPLE_MS)
    strength = np.linalg.norm(accel.values[orientation.newest(accel.t_ms, t_ms)], axis=1)
    low_pass = signal.butter(ORDER, CUTOFF_HZ, fs=1000 / ticks.SAMPLE_MS, output="sos")
    smooth, _ = signal.sosfilt(low_pass, strength, zi=signal.sosfilt_zi(low_pass) * strength[0])
    peaks = np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])) + 1
    counted: list[int] = []
    rises: list[float] = []
    usual, last = 0.0, 0
    for peak in peaks.tolist():
        since_ms = (peak - last) * ticks.SAMPLE_MS
        if counted and since_ms < DEAD_MS:
            continue
        trough = smooth[max(last, peak - PAUSE_MS // ticks.SAMPLE_MS) : peak].min()
        rise = float(smooth[peak] - trough)
        if since_ms > FORGET_MS:
            usual = 0.0
        if rise < max(LEAST_RISE_M_S2, RISE_SHARE * usual):
            continue
        usual = usual + RISE_RATE * (rise - usual) if usual else rise
        counted.append(peak)
        rises.append(rise)
        last = peak
    known_ms = t_ms[np.array(counted, np.int64)] + ticks.SAMPLE_MS
    return Steps(known_ms, np.array(rises, np.float64))


def walked(counted: Steps, t_ms: np.ndarray) -> np.ndarray:
    """Return the way walked up to each time f64[m], for a stride constant of 1.

    After a step the next is taken to be as long and as quick as it was, until it is known: so a
    step is not late by half of itself, as it would be if it counted only once it is over.
    """
    if not len(counted.t_ms):
        return np.zeros(len(t_ms))
    length = np.append(counted.rise_m_s2**0.25, 0.0)  # the last: of no step
    lasted_ms = np.append(np.diff(counted.t_ms, prepend=counted.t_ms[0] - PAUSE_MS // 2), PAUSE_MS)
    newest = np.searchsorted(counted.t_ms, t_ms, side="right") - 1  # -1 before the first
    since_ms = t_ms - counted.t_ms[newest]
    begun = np.minimum(since_ms / np.minimum(lasted_ms[newest], PAUSE_MS), 1.0)
    begun = np.where(since_ms > PAUSE_MS, 0.5, begun)
    so_far = np.append(np.cumsum(length[:-1]), 0.0)
    return so_far[newest] + length[newest] * np.where(newest >= 0, begun, 0.0)
