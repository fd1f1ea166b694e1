"""A phone carried along straight legs, in numbers that follow by hand."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round, Stream, no_wifi

EARTH_UT = np.array([0.0, 20.0, -44.0])  # east, north, up
STEP_S = 0.5


def straight_walk(
    *,
    turned_rad: float = 0.0,
    pitch_rad: float = 0.0,
    roll_rad: float = 0.0,
    seconds: float = 20.0,
    bounce_m_s2: float = 4.0,
    stop_s: float | None = None,
    oriented: bool = True,
    stride_m: float = 0.7,
    waypoint_s: float | None = None,
) -> Round:
    """Return a walk north, turned counter-clockwise: two steps a second until `stop_s`, at 50 Hz.

    Peak and trough of each step's acceleration are twice `bounce_m_s2` apart. There is a waypoint
    every `waypoint_s`, or at start and end alone.
    """
    t_s = np.arange(0, seconds + 1e-9, 0.02)
    turn = Rotation.from_euler("z", turned_rad) * Rotation.from_euler("XY", [pitch_rad, roll_rad])
    walking = t_s < (seconds if stop_s is None else stop_s)
    up = 9.81 + np.where(walking, bounce_m_s2 * np.sin(2 * np.pi * t_s / STEP_S), 0.0)
    world_m_s2 = np.column_stack([np.zeros((len(t_s), 2)), up])
    t_ms = np.rint(t_s * 1000).astype(np.int64)
    vector = turn.as_quat(canonical=True)[:3]
    marks_s = np.arange(0, seconds + 1e-9, seconds if waypoint_s is None else waypoint_s)
    walked_m = np.minimum(marks_s, t_s[walking][-1]) / STEP_S * stride_m
    ahead = Rotation.from_euler("z", turned_rad).apply([0.0, 1.0, 0.0])[:2]
    still = np.zeros((len(t_ms), 3))
    return Round(
        name="straight",
        number=1,
        accel=Stream(t_ms, turn.inv().apply(world_m_s2)),
        gyro=Stream(t_ms, still),
        mag=Stream(t_ms, still + turn.inv().apply(EARTH_UT)),
        wifi=no_wifi(),
        waypoint_t_ms=np.rint(marks_s * 1000).astype(np.int64),
        waypoint_xy_m=walked_m[:, None] * ahead,
        source=Path("straight"),
        extra={ORIENTATION: Stream(t_ms, still + vector)} if oriented else {},
    )
