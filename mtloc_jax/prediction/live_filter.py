"""The Kalman filter of `tracking`, fed piece by piece: the same bits however a walk is cut.

One compiled loop takes blocks of ticks; each tick runs through the same code wherever it stands in
one, and what only fills up a block is thrown away.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.tracking import kalman
from mtloc_jax.tracking.kalman import State
from mtloc_jax.tracking.ticks import SLOTTED, Prior, Ticks, arranged
from mtloc_jax.tracking.walk_model import Model

BLOCK, SLOTS = 64, 2
_PASSING = ("seconds", "moved_m", "moved_var")


class Believed(NamedTuple):
    """Hold where a phone is at the ends of ticks: f64[K, 2]; sigma f64[K] of either coordinate."""

    xy_m: np.ndarray
    sigma_m: np.ndarray


class LiveFilter:
    """Filter a walk as it comes."""

    def __init__(self, prior: Prior, *, motion: bool, model: Model | None = None) -> None:
        """Know nothing but where walks may begin; motion: whether it will be known."""
        self._prior, self._motion = prior, motion
        self._model = Model() if model is None else model
        sd_m, known = (jnp.asarray(x, jnp.float32) for x in (prior.sd_m, motion))
        self._state: State = kalman.start(self._model, sd_m, known)

    def take(self, moves: Moves, fixes: Fixes, rows: slice) -> Believed:
        """Return where a phone is at the ends of the ticks `rows`, which come next.

        moves: of the log so far; fixes: those that arrived by the end of these ticks. Before the
        first fix it is where the prior is.
        """
        laid = arranged(moves, fixes, fixes.arrived_ms, self._prior, motion=self._motion)
        return self._take(Ticks._make(part[rows] for part in laid))

    def _take(self, ticks: Ticks) -> Believed:
        laid, ends = slotted(ticks)
        states = []
        for first in range(0, len(laid.seconds), BLOCK):
            block = Ticks._make(part[first : first + BLOCK] for part in laid)
            real = len(block.seconds)
            # Taken apart by NumPy: JAX would compile a program for each place that it is cut at.
            found = jax.tree.map(np.asarray, _block(self._model, self._state, _filled(block)))
            self._state = jax.tree.map(lambda part, at=real - 1: part[at], found)
            states.append(jax.tree.map(lambda part, n=real: part[:n], found))
        if not states:
            return Believed(np.zeros((0, 2)), np.zeros(0))
        mean, cov, heard = (np.concatenate(parts)[ends] for parts in zip(*states, strict=True))
        known = heard > 0
        sigma_m = np.sqrt((cov[:, 0, 0] + cov[:, 1, 1]) / 2).astype(np.float64)
        off_m = np.where(known[:, None], mean[:, :2].astype(np.float64), 0.0)
        return Believed(off_m + self._prior.mean_m, np.where(known, sigma_m, self._prior.sd_m))


def slotted(ticks: Ticks) -> tuple[Ticks, np.ndarray]:
    """Return ticks with room for SLOTS fixes each, and which of them i64[K] end those given.

    A tick of more fixes goes on in further ones, in which no time passes.
    """
    n_fixes = (ticks.weight > 0).sum(axis=1)
    parts = np.maximum(1, -(-n_fixes // SLOTS))
    ends = np.cumsum(parts) - 1
    of = np.repeat(np.arange(len(parts)), parts)
    turn = np.arange(len(of)) - (ends - parts + 1)[of]
    slot = turn[:, None] * SLOTS + np.arange(SLOTS)
    there = slot < ticks.weight.shape[1]
    at = np.minimum(slot, ticks.weight.shape[1] - 1)
    first = turn == 0

    def plain(part: np.ndarray) -> np.ndarray:
        return part[of] * first.reshape(-1, *[1] * (part.ndim - 1))

    def of_fixes(part: np.ndarray) -> np.ndarray:
        return part[of[:, None], at] * there.reshape(*there.shape, *[1] * (part.ndim - 2))

    laid = [part[of] if k < SLOTTED else of_fixes(part) for k, part in enumerate(ticks)]
    still = Ticks._make(laid)
    return still._replace(**{name: plain(getattr(ticks, name)) for name in _PASSING}), ends


def _filled(block: Ticks) -> Ticks:
    short = BLOCK - len(block.seconds)
    return Ticks._make(np.pad(part, [(0, short)] + [(0, 0)] * (part.ndim - 1)) for part in block)


@jax.jit
def _block(model: Model, state: State, ticks: Ticks) -> State:
    return kalman.filtered(model, state, ticks)[1].state
