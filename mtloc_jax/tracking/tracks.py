"""Where phones were, causally and offline, from what experts say of their walks."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.evidence import Fixes, Moves, Track
from mtloc_jax.tracking import kalman
from mtloc_jax.tracking.kalman import State
from mtloc_jax.tracking.ticks import TICK_MS, Prior, Ticks, arranged, no_moves, stacked
from mtloc_jax.tracking.walk_model import Model

TOGETHER = 256
"""Ticks are filled up to a multiple of it."""


class Walk(NamedTuple):
    """Hold what experts say of one walk; moves: None where no motion is known.

    t_ms: i64[N], increasing, the times at which its positions are asked for
    """

    t_ms: np.ndarray
    fixes: Fixes
    moves: Moves | None
    prior: Prior


class Located(NamedTuple):
    """Hold a walk at the times asked for: by what had arrived till then, and by all of it."""

    causal: Track
    offline: Track


def located(walks: Sequence[Walk], model: Model | None = None) -> list[Located]:
    """Locate walks side by side in one compiled program.

    A causal position is that at the newest end of a tick, so at most a tick old, and the prior
    where no fix had arrived. The offline positions lie between the ends of ticks on straight
    lines; they place fixes when they were heard, and are the prior where there is no fix at all.
    """
    if not walks:
        return []
    model = Model() if model is None else model
    moves = [ticks_of(walk) for walk in walks]
    causal, offline = (
        jax.tree.map(np.asarray, program(model, *_side_by_side(walks, moves, known)))
        for program, known in ((causal_states, "arrived_ms"), (offline_states, "heard_ms"))
    )
    return [
        Located(
            _at_ends(walk, m.t_ms, jax.tree.map(lambda part, at=at: part[at], causal)),
            _between_ends(walk, m.t_ms, jax.tree.map(lambda part, at=at: part[at], offline)),
        )
        for at, (m, walk) in enumerate(zip(moves, walks, strict=True))
    ]


def ticks_of(walk: Walk) -> Moves:
    """Return the moves of a walk; where none is known, ticks from its first time to its last."""
    if walk.moves is not None:
        return walk.moves
    times = [walk.t_ms, walk.fixes.heard_ms]
    first, last = min(t[0] for t in times if len(t)), max(t[-1] for t in times if len(t))
    return no_moves(int(first) - TICK_MS, int(last))


@jax.jit
@partial(jax.vmap, in_axes=(None, 0, 0))
def causal_states(model: Model, sd_m: jax.Array, ticks: Ticks) -> State:
    """Return what a filter believes at the ends of ticks [W, K]; sd_m: f[W], of the priors."""
    start = kalman.start(model, sd_m, ticks.known[0])
    return _small(kalman.filtered(model, start, ticks)[1].state)


@jax.jit
@partial(jax.vmap, in_axes=(None, 0, 0))
def offline_states(model: Model, sd_m: jax.Array, ticks: Ticks) -> State:
    """Return what whole walks say of the ends of their ticks, as `causal_states`."""
    return _small(kalman.offline(model, kalman.start(model, sd_m, ticks.known[0]), ticks))


def _small(state: State) -> State:
    """Keep of beliefs [K] the position f[K, 2] and the sd of either coordinate f[K]."""
    var = (state.cov[:, 0, 0] + state.cov[:, 1, 1]) / 2
    return State(state.mean[:, :2], jnp.sqrt(var), state.heard)


def _side_by_side(
    walks: Sequence[Walk], moves: Sequence[Moves], known: str
) -> tuple[np.ndarray, Ticks]:
    """Return the priors' sd f[W] and the ticks of walks, as fixes become `known`."""
    ticks = [
        arranged(m, w.fixes, getattr(w.fixes, known), w.prior, motion=w.moves is not None)
        for m, w in zip(moves, walks, strict=True)
    ]
    return np.array([walk.prior.sd_m for walk in walks]), stacked(ticks, TOGETHER)


def _at_ends(walk: Walk, ticks_ms: np.ndarray, found: State) -> Track:
    known = found.heard[: len(ticks_ms) - 1] > 0
    at = np.searchsorted(ticks_ms[1:], walk.t_ms, side="right")
    xy_m = np.where(known[:, None], found.mean[: len(known)], 0.0)
    sigma_m = np.where(known, found.cov[: len(known)], walk.prior.sd_m)
    return Track(
        walk.t_ms,
        np.concatenate([np.zeros((1, 2)), xy_m])[at] + walk.prior.mean_m,
        np.concatenate([[walk.prior.sd_m], sigma_m])[at],
    )


def _between_ends(walk: Walk, ticks_ms: np.ndarray, found: State) -> Track:
    count = len(ticks_ms) - 1
    if not found.heard[count - 1]:
        return Track(
            walk.t_ms,
            np.tile(walk.prior.mean_m, (len(walk.t_ms), 1)),
            np.full(len(walk.t_ms), walk.prior.sd_m),
        )
    parts = (*found.mean[:count].T, found.cov[:count])
    east, north, sigma_m = (np.interp(walk.t_ms, ticks_ms[1:], part) for part in parts)
    return Track(walk.t_ms, np.stack([east, north], axis=1) + walk.prior.mean_m, sigma_m)
