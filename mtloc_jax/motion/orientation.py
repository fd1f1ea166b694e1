"""How a phone was held through a walk: as its maker's filter recorded it, or by Mahony's filter.

Axes are Android's: of the phone x to the right, y up along the screen, z out of it; of the world
x east, y north, z up. Angles run counter-clockwise from east, so that a heading's direction is
(cos, sin).
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from mtloc_jax.errors import InputError
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round, Stream
from mtloc_jax.motion.mahony import Readings, has_north, mahony

MAX_GAP_MS = 300
"""A reading that is older says nothing of now."""
NO_NORTH = "no usable magnetic field: located without motion"


class Attitude(NamedTuple):
    """Hold how a phone was held: quaternions (x y z w) that turn its axes to east, north and up.

    t_ms: i64[n], non-decreasing; quaternion: f64[n, 4]
    north: whether the yaw counts from there; else from wherever the phone pointed at first
    """

    t_ms: np.ndarray
    quaternion: np.ndarray
    north: bool = True

    def at(self, t_ms: np.ndarray) -> np.ndarray:
        """Return the newest quaternion f64[m, 4] not after each time; before all, the first."""
        return self.quaternion[newest(self.t_ms, t_ms)]


def attitude(walk: Round) -> Attitude:
    """Return the recorded orientation of `walk`; where there is none, `filtered`'s.

    Raises InputError as `filtered`.
    """
    return recorded(walk.extra[ORIENTATION]) if ORIENTATION in walk.extra else filtered(walk)


def recorded(vectors: Stream) -> Attitude:
    """Return the attitude of rotation vectors f64[n, 3]: w is what a unit quaternion lacks."""
    w_squared = np.maximum(1 - (vectors.values**2).sum(axis=1), 0.0)
    return Attitude(vectors.t_ms, np.column_stack([vectors.values, np.sqrt(w_squared)]))


def filtered(walk: Round) -> Attitude:
    """Return the attitude by accelerometer, gyroscope and magnetometer, at the gyroscope's times.

    Raises InputError as `readings`.
    """
    read = readings(walk)
    return Attitude(read.t_ms, mahony(*read), has_north(read))


def readings(walk: Round) -> Readings:
    """Return what a filter reads of a walk, at the gyroscope's times.

    Of a magnetometer whose axes were not published nothing is used: yaw is relative then; nor where
    it was silent or frozen. Raises InputError where the others were published as magnitudes, or
    rescaled.
    """
    for name in ("accel", "gyro"):
        axes(walk, name)
    t_ms = walk.gyro.t_ms
    pull = walk.accel.values[newest(walk.accel.t_ms, t_ms)]
    field = np.full((len(t_ms), 3), np.nan)
    if walk.mag.values.shape[1] == 3:
        # Before the first reading it is taken to be that one already.
        used = measured(walk, "mag", np.maximum(t_ms, walk.mag.t_ms[0]))
        field[used] = walk.mag.values[newest(walk.mag.t_ms, t_ms[used])]
    return Readings(t_ms, walk.gyro.values, pull, field)


def axes(walk: Round, sensor: str) -> Stream:
    """Return a sensor's stream of three axes in its unit; raises InputError where it is not."""
    stream = walk.stream(sensor)
    if stream.values.shape[1] == 3 and not walk.normalised:
        return stream
    raise InputError(
        f"{sensor} was published {'rescaled' if walk.normalised else 'as a magnitude'}: it tells "
        "no motion",
        remedy="leave motion out, or choose recordings with three axes in their units",
        path=walk.source,
    )


def newest(stream_ms: np.ndarray, t_ms: np.ndarray) -> np.ndarray:
    """Return the newest reading not after each time, i64[m]; before all readings the first."""
    return np.maximum(np.searchsorted(stream_ms, t_ms, side="right") - 1, 0)


def young(stream_ms: np.ndarray, t_ms: np.ndarray) -> np.ndarray:
    """Say at which times i64[m] the newest reading was at most MAX_GAP_MS old, bool[m]."""
    age_ms = t_ms - stream_ms[newest(stream_ms, t_ms)]  # below 0 before the first
    return (age_ms >= 0) & (age_ms <= MAX_GAP_MS)


def measured(walk: Round, sensor: str, t_ms: np.ndarray) -> np.ndarray:
    """Say at which times i64[m] a sensor measured, bool[m].

    Its newest reading was young, and lies in no span in which it was frozen.
    """
    read_ms = walk.stream(sensor).t_ms
    newest_ms = read_ms[newest(read_ms, t_ms)]
    live = young(read_ms, t_ms)
    for span in walk.frozen:
        if span.sensor == sensor:
            live &= (newest_ms < span.start_ms) | (newest_ms > span.end_ms)
    return live


def to_world(quaternion: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Turn vectors f64[n, 3] in the phone's axes to east, north and up by f64[n, 4]."""
    return Rotation.from_quat(quaternion).apply(vectors)


def yaw_rad(quaternion: np.ndarray) -> np.ndarray:
    """Return where the phone's y axis points on the floor f64[n], counter-clockwise from east."""
    x, y, z, w = quaternion.T
    return np.arctan2(1 - 2 * (x * x + z * z), 2 * (x * y - w * z))


def tilt_rad(quaternion: np.ndarray) -> np.ndarray:
    """Return the angle between the screen's normal and up, f64[n]."""
    x, y, _, _ = quaternion.T
    return np.arccos(np.clip(1 - 2 * (x * x + y * y), -1, 1))
