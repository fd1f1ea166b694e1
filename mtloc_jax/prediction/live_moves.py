"""How a phone moved through a log so far: what is told of a tick stays as the log goes on."""

from collections.abc import Callable
from functools import partial

import jax
import numpy as np
from jax import lax

from mtloc_jax.core.model import Params, apply
from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Moves
from mtloc_jax.locate import MOTIONS, NETWORK
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round
from mtloc_jax.motion import ticks
from mtloc_jax.motion.network import HIDDEN, NU, MotionNetwork
from mtloc_jax.motion.orientation import Attitude
from mtloc_jax.motion.phone_frame import framed
from mtloc_jax.registry import found_at
from mtloc_jax.tracking.ticks import no_moves

Told = Callable[[Round, Attitude | None], Moves | None]
"""The log so far, and its attitude where that is known -> its moves from the first tick on; those
told before come out the same. None, at each look, where nothing says which way is north."""
Ticked = tuple[np.ndarray, np.ndarray]  # metres f32[K, 2], their variance f32[K]
_BLOCK = 64


def teller(motion: str, network: Params | None) -> Callable[[], Told]:
    """Return what begins to tell of a log: an entry of MOTIONS, with a network's parameters.

    Raises InputError where it needs a network and has none.
    """
    known = MOTIONS.named(motion)
    if known.place:
        return lambda: found_at(known.place)
    if not known.origin:
        return lambda: wandering
    if motion != NETWORK:
        raise InputError(
            f"the motion {motion!r} is trained on the survey",
            remedy=f"name one that is not: none, steps, {NETWORK}",
        )
    if network is None:
        raise InputError(
            f"the motion {motion!r} is a network",
            remedy="give --pretrained=WORKDIR of a study that pretrained it, or use steps",
        )
    return partial(NetworkMoves, network)


def wandering(walk: Round, held: Attitude | None = None) -> Moves:
    """Return the moves of a phone of which no motion is known."""
    first_ms, last_ms = walk.used_ms
    return no_moves(first_ms, last_ms)


def is_known(motion: str) -> bool:
    """Say whether a motion tells anything."""
    return bool(MOTIONS[motion].place or MOTIONS[motion].origin)


def measured(walk: Round, motion: str, t_ms: np.ndarray, held: Attitude | None) -> np.ndarray:
    """Say in which of the ticks that `t_ms` i64[K + 1] bounds a motion really spoke, bool[K].

    held: the log's attitude; None where no motion is known
    """
    if held is None:
        return np.zeros(len(t_ms) - 1, bool)
    by_accel_alone = ORIENTATION in walk.extra and not MOTIONS[motion].origin
    sensors = ("accel",) if by_accel_alone else ("accel", "gyro")
    return ticks.measured(walk, held, t_ms[1:], sensors)


class NetworkMoves:
    """Tell how a motion network says a phone moves; its state is kept from tick to tick."""

    def __init__(self, params: Params) -> None:
        """Hear nothing yet."""
        self._params = params
        self._state = np.zeros(HIDDEN, np.float32)
        self._told = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)

    def __call__(self, walk: Round, held: Attitude | None = None) -> Moves | None:
        """Return the moves of the log so far; None, and raises InputError, as `framed`.

        Ticks that a sensor has not gone past may still change, and are told anew the next time.
        """
        if (seen := framed(walk, held)) is None:
            return None
        newest_ms = min(int(stream.t_ms[-1]) for stream in walk.streams.values())
        certain = int(np.searchsorted(seen.t_ms[1:], newest_ms))
        done = len(self._told[1])
        new = slice(done, max(certain, done))
        self._state, told = self._run(seen.inputs[new], seen.yaw_rad[new])
        self._told = _both(self._told, told)
        _, rest = self._run(seen.inputs[new.stop :], seen.yaw_rad[new.stop :])
        moved_m, variance = (part.astype(np.float64) for part in _both(self._told, rest))
        sigma_m = np.sqrt(NU / (NU - 2) * variance)
        return Moves(
            seen.t_ms,
            np.where(seen.live[:, None], moved_m, 0.0),
            np.where(seen.live, sigma_m, ticks.UNMEASURED_M),
        )

    def _run(self, inputs: np.ndarray, yaw_rad: np.ndarray) -> tuple[np.ndarray, Ticked]:
        """Return the state after ticks that come next, and what they tell."""
        state, told = self._state, (np.zeros((0, 2), np.float32), np.zeros(0, np.float32))
        for first in range(0, len(inputs), _BLOCK):
            real = min(len(inputs) - first, _BLOCK)
            block = inputs[first : first + real], yaw_rad[first : first + real]
            filled = (np.pad(x, [(0, _BLOCK - real)] + [(0, 0)] * (x.ndim - 1)) for x in block)
            states, (moved_m, variance) = jax.device_get(_block(self._params, state, *filled))
            state, told = states[real - 1], _both(told, (moved_m[:real], variance[:real]))
        return state, told


def _both(one: Ticked, other: Ticked) -> Ticked:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


@jax.jit
def _block(params: Params, state: jax.Array, inputs: jax.Array, yaw_rad: jax.Array):
    def tick(state: jax.Array, read: tuple[jax.Array, jax.Array]):
        state, told = apply(MotionNetwork(), params, state, *read, method="next_tick")
        return state, (state, told)

    return lax.scan(tick, state, (inputs, yaw_rad))[1]
