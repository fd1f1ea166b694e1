"""What a network on motion trains on: stretches of walks, and the legs between their waypoints.

Only the sum of displacements between waypoints is known, so a stretch is some legs in a row: the
network sees all their ticks once, and every leg, pair of legs and so on is a target.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.motion.orientation import MAX_GAP_MS
from mtloc_jax.motion.phone_frame import Framed, framed
from mtloc_jax.sites.windows import interpolate

LEGS, TICKS = 8, 256
"""The most legs, and ticks, of a stretch; a leg that is longer is left out."""
BEFORE = 20
"""Ticks before the first leg of a stretch, so that the network is not surprised by it."""


class Stretches(NamedTuple):
    """Hold stretches, padded with ticks and legs of nothing.

    inputs:  f32[N, TICKS, 30]; yaw_rad: f32[N, TICKS]
    share:   f32[N, TICKS, LEGS], the part of a tick that belongs to a leg; 0 for legs that are not
    moved_m: f32[N, LEGS, 2], east and north from one waypoint to the next
    walk:    i32[N], an index into the walks
    """

    inputs: np.ndarray
    yaw_rad: np.ndarray
    share: np.ndarray
    moved_m: np.ndarray
    walk: np.ndarray


def stretches(walks: Sequence[Round]) -> Stretches:
    """Cut walks into stretches; legs that touch a tick that was not measured are left out.

    So are walks of which nothing says which way is north.

    Raises InputError where no leg remains, or as `framed`.
    """
    parts = [
        part
        for n, walk in enumerate(walks)
        if (seen := framed(walk)) is not None
        for part in _of_walk(walk, seen, n)
    ]
    if not parts:
        raise InputError(
            f"{len(walks)} walks have no leg to learn motion from: none was measured all through",
            remedy="survey more walks, or use steps",
        )
    return Stretches(*(np.stack(column) for column in zip(*parts, strict=True)))


def _of_walk(walk: Round, seen: Framed, number: int) -> list[tuple]:
    t_ms, at_ms = seen.t_ms, walk.waypoint_t_ms
    # Sensors begin some 100 ms late: such a leg is cut there, and not lost.
    at_ms = at_ms[(at_ms >= t_ms[0] - MAX_GAP_MS) & (at_ms <= t_ms[-1])]
    at_ms = np.maximum(at_ms, t_ms[0])
    xy_m = interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, at_ms)
    # Where waypoints lie in ticks; the part of tick k before a place is between 0 and 1.
    place = (at_ms - t_ms[0]) / (t_ms[1] - t_ms[0])
    before = np.clip(place[:, None] - np.arange(len(t_ms) - 1), 0, 1)
    share = np.diff(before, axis=0)
    share[(share[:, ~seen.live] > 0).any(axis=1)] = 0
    moved_m = np.diff(xy_m, axis=0)
    made, leg = [], 0
    while leg < len(share):
        first = max(int(place[leg]) - BEFORE, 0)
        fits = np.ceil(place[leg + 1 : leg + 1 + LEGS]) - first <= TICKS
        count = int(fits.sum())
        if share[leg : leg + count].any():
            made.append(_padded(seen, share, moved_m, first, leg, count, number))
        leg += max(count, 1)
    return made


def _padded(
    seen: Framed,
    share: np.ndarray,
    moved_m: np.ndarray,
    first: int,
    leg: int,
    count: int,
    number: int,
) -> tuple:
    n = min(TICKS, len(seen.inputs) - first)
    inputs = np.zeros((TICKS, seen.inputs.shape[1]), np.float32)
    yaw_rad = np.zeros(TICKS, np.float32)
    parts, targets = np.zeros((TICKS, LEGS), np.float32), np.zeros((LEGS, 2), np.float32)
    inputs[:n] = seen.inputs[first : first + n]
    yaw_rad[:n] = seen.yaw_rad[first : first + n]
    parts[:n, :count] = share[leg : leg + count, first : first + n].T
    targets[:count] = moved_m[leg : leg + count]
    return inputs, yaw_rad, parts, targets, np.int32(number)
