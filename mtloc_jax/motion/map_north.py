"""Which way a map lies: by how the walks that were surveyed on it are turned against their motion.

Motion is told to the east and north of a compass. The y axis of a map of one's own may point
anywhere, along a corridor say; the surveyed paths, told both ways, give the angle between the two.
"""

from collections.abc import Callable, Iterable

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Moves
from mtloc_jax.logs.round import Round


def legs_of(walk: Round, moves: Moves) -> complex:
    """Return the sum over a walk's legs of the surveyed one times the told one's conjugate, m^2.

    Its angle is the one by which the map is turned, longer legs counting more; 0 where nothing of
    the walk was told.
    """
    at_ms = walk.waypoint_t_ms
    within = (at_ms >= moves.t_ms[0]) & (at_ms <= moves.t_ms[-1])
    told_m = np.concatenate([np.zeros((1, 2)), np.cumsum(moves.moved_m, axis=0)])
    told = _complex([np.interp(at_ms[within], moves.t_ms, axis) for axis in told_m.T])
    surveyed = _complex(walk.waypoint_xy_m[within].T)
    return complex(np.sum(np.diff(surveyed) * np.conj(np.diff(told))))


def legs_told(walk: Round, tell: Callable[[Round], Moves | None]) -> complex:
    """Return `legs_of` a walk, told by `tell`; 0 where it lacks what that needs, magnitudes say.

    And where it tells nothing.
    """
    try:
        moves = tell(walk)
    except InputError:
        return 0j
    return 0j if moves is None else legs_of(walk, moves)


def turn_rad(legs: Iterable[complex]) -> float:
    """Return the angle by which motion is turned to lie on the map, by `legs_of` its walks."""
    return float(np.angle(sum(legs, 0j)))


def turned(moves: Moves, by_rad: float) -> Moves:
    """Return moves turned counter-clockwise."""
    sin, cos = np.sin(by_rad), np.cos(by_rad)
    return moves._replace(moved_m=moves.moved_m @ np.array([[cos, sin], [-sin, cos]]))


def _complex(parts: Iterable[np.ndarray]) -> np.ndarray:
    east, north = parts
    return east + 1j * north
