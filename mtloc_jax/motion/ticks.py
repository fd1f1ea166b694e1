"""The 100 ms ticks in which motion is told, and which of them were really measured."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.motion import orientation
from mtloc_jax.motion.orientation import MAX_GAP_MS, Attitude

TICK_MS = 100
SAMPLE_MS = 20
UNMEASURED_M = 0.65
"""Standard deviation of a tick's displacement, either way, where nothing measured it: people walk
on, so that ten seconds of it are 6.5 m."""


def tick_times(walk: Round, held: Attitude) -> np.ndarray:
    """Return the ends i64[K + 1] of the ticks of `walk` between its first and last waypoint.

    Without waypoints they are of all of it. They begin at the first waypoint, or later, where
    accelerometer or attitude do; the last ends at or just after the last waypoint, or where the
    accelerometer falls silent. Raises InputError where not one tick is left.
    """
    first_ms, last_ms = walk.used_ms
    start = max(first_ms, walk.accel.t_ms[0], held.t_ms[0])
    stop = min(last_ms, walk.accel.t_ms[-1] + MAX_GAP_MS)
    if stop - start < TICK_MS:
        raise InputError(
            f"sensors and waypoints share {max(0, stop - start)} ms",
            remedy="leave the trace out of the site",
            path=walk.source,
        )
    return np.arange(start, stop + TICK_MS, TICK_MS, dtype=np.int64)


def measured(walk: Round, held: Attitude, t_ms: np.ndarray, sensors: Sequence[str]) -> np.ndarray:
    """Say at which times i64[K] attitude and sensors were known, bool[K]."""
    live = orientation.young(held.t_ms, t_ms)
    for sensor in sensors:
        live &= orientation.measured(walk, sensor, t_ms)
    return live
