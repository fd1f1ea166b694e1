"""How a phone is held, from its gyroscope, gravity and the Earth's field: Mahony's filter.

R. Mahony, T. Hamel, J.-M. Pflimlin, "Nonlinear complementary filters on the special orthogonal
group", IEEE Transactions on Automatic Control 53(5), 2008, "explicit complementary filter". Two
changes. The field corrects the yaw alone: steel bends it, and it must not tilt the phone. And it
counts only while it is about as strong as the Earth's: an uncalibrated magnetometer has no north.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

TILT_PER_S, YAW_PER_S = 0.5, 0.1
"""How fast a tilt or yaw that gravity or the field contradicts is given up. Legs by steps of the
first mall of Indoor Location 2.0 err alike (1.36 to 1.38 m) for yaws of 0.03 to 0.2."""
BIAS_PER_S2 = 0.005
"""How fast the gyroscope's bias is learnt from what gravity contradicts."""
EARTH_UT = 20.0, 70.0
"""The Earth's field is 22 to 67 microtesla strong."""
FIRST_MS = 1000
"""The first attitude is read off the mean of this much: a phone's filter runs before a walk."""
LONGEST_STEP_S = 0.5

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


class Readings(NamedTuple):
    """Hold what the filter reads: t_ms i64[n]; the others f64[n, 3] in the phone's axes.

    A field of NaN is none.
    """

    t_ms: np.ndarray
    turn_rad_s: np.ndarray
    accel_m_s2: np.ndarray
    field_ut: np.ndarray


class State(NamedTuple):
    """Hold what the filter knows after readings: attitude, the gyroscope's bias, their time."""

    q: Quaternion
    bias: Vector
    t_ms: int


def mahony(
    t_ms: np.ndarray, turn_rad_s: np.ndarray, accel_m_s2: np.ndarray, field_ut: np.ndarray
) -> np.ndarray:
    """Return the quaternions f64[n, 4] (x y z w) that turn the phone's axes to east, north, up.

    Arguments as Readings.
    """
    read = Readings(t_ms, turn_rad_s, accel_m_s2, field_ut)
    return advance(begin(read), read)[1]


def begin(read: Readings) -> State:
    """Return the state before a walk, by its readings of FIRST_MS at least, or all there are.

    A walk that begins without a field that could be the Earth's begins with its y axis to the
    north.
    """
    pull = read.accel_m_s2[_at_first(read)].mean(axis=0)
    q = _first(pull, _mean(read.field_ut[_northward(read)]))
    return State(q, (0.0, 0.0, 0.0), int(read.t_ms[0]))


def has_north(read: Readings) -> bool:
    """Say whether a walk begins with a field that could be the Earth's; else its yaw is relative.

    By the readings that `begin` takes.
    """
    return bool(_northward(read).any())


def advance(state: State, read: Readings) -> tuple[State, np.ndarray]:
    """Return the state after the readings that come next, and the quaternions f64[n, 4] at them.

    The same bits in whatever pieces they come.
    """
    usable = _earthly(read.field_ut)
    q, bias, _ = state
    step_s = np.minimum(np.diff(read.t_ms, prepend=state.t_ms) / 1000, LONGEST_STEP_S)
    turns, pulls, fields = (part.tolist() for part in read[1:])
    held = np.empty((len(read.t_ms), 4))
    for k, dt in enumerate(step_s.tolist()):
        up = _up(q)
        tilting = _cross(_unit(pulls[k]), up)
        bias = _plus(bias, tilting, -BIAS_PER_S2 * dt)
        rate = _plus(_plus(turns[k], bias, -1.0), tilting, TILT_PER_S)
        rate = _plus(rate, up, YAW_PER_S * _yaw_error(q, fields[k]) if usable[k] else 0.0)
        q = held[k] = _turned(q, rate, dt)
    return State(q, bias, int(read.t_ms[-1]) if len(read.t_ms) else state.t_ms), held


def _at_first(read: Readings) -> np.ndarray:
    return read.t_ms <= read.t_ms[0] + FIRST_MS


def _northward(read: Readings) -> np.ndarray:
    """Say of which readings bool[n] the first attitude takes its north."""
    return _at_first(read) & _earthly(read.field_ut)


def _earthly(field_ut: np.ndarray) -> np.ndarray:
    strength_ut = np.linalg.norm(field_ut, axis=1)
    return (strength_ut >= EARTH_UT[0]) & (strength_ut <= EARTH_UT[1])  # never of NaN


def _mean(field_ut: np.ndarray) -> np.ndarray | None:
    return field_ut.mean(axis=0) if len(field_ut) else None


def _first(accel_m_s2: np.ndarray, field_ut: np.ndarray | None) -> Quaternion:
    """Return the attitude whose up is the mean pull, and whose north the field's."""
    up = accel_m_s2 / max(np.linalg.norm(accel_m_s2), 1e-9)
    toward = np.array([0.0, 1.0, 0.0]) if field_ut is None else field_ut
    east = np.cross(toward, up)
    if np.linalg.norm(east) < 1e-6:  # straight up or down: any horizontal axis will do
        east = np.cross([0.0, 0.0, -1.0] if abs(up[2]) < 0.9 else [1.0, 0.0, 0.0], up)
    east = east / np.linalg.norm(east)
    return _quaternion(np.stack([east, np.cross(up, east), up]))


def _quaternion(turn: np.ndarray) -> Quaternion:
    x, y, z, w = Rotation.from_matrix(turn).as_quat().tolist()
    return x, y, z, w


def _up(q: Quaternion) -> Vector:
    """Return where up is in the phone's axes: the last row of q's matrix."""
    x, y, z, w = q
    return 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)


def _yaw_error(q: Quaternion, field_ut: list[float]) -> float:
    """Return how far the yaw must turn, counter-clockwise, for the field to point north."""
    x, y, z, w = q
    a, b, c = field_ut
    east = (1 - 2 * (y * y + z * z)) * a + 2 * (x * y - w * z) * b + 2 * (x * z + w * y) * c
    north = 2 * (x * y + w * z) * a + (1 - 2 * (x * x + z * z)) * b + 2 * (y * z - w * x) * c
    return math.atan2(east, north)


def _turned(q: Quaternion, rate: Vector, dt: float) -> Quaternion:
    """Return q after `dt` seconds of turning at `rate` rad/s about the phone's axes."""
    x, y, z, w = q
    a, b, c = rate
    half = 0.5 * dt * math.sqrt(a * a + b * b + c * c)
    s = 0.5 * dt * (math.sin(half) / half if half > 1e-9 else 1.0)
    a, b, c, d = a * s, b * s, c * s, math.cos(half)
    turned = (
        w * a + x * d + y * c - z * b,
        w * b - x * c + y * d + z * a,
        w * c + x * b - y * a + z * d,
        w * d - x * a - y * b - z * c,
    )
    norm = math.sqrt(sum(part * part for part in turned))
    return tuple(part / norm for part in turned)  # type: ignore[return-value]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: list[float]) -> Vector:
    norm = math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]) or 1.0
    return a[0] / norm, a[1] / norm, a[2] / norm


def _plus(a: Vector | list[float], b: Vector, scale: float) -> Vector:
    return a[0] + scale * b[0], a[1] + scale * b[1], a[2] + scale * b[2]
