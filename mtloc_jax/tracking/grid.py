"""A filter and a smoother on cells: where a floor plan, or a map of many peaks, has a say.

A belief is a table of probabilities. A step carries it by how the phone moved: whole cells shift
it, and what is left of a cell is kept beside it, as the place where the centres of all cells now
lie; cells far wider than a step else smear it. Uncertain moves diffuse it by the heat kernel on
cells, which adds variances exactly (Lindeberg, Scale-Space for Discrete Signals, 1990). Both work
axis by axis: a transition is two small matrix products. Then it is multiplied by how likely cells
are at all, and by what scans say of them.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.modalities import Leaf

_LEAST = 1e-30


class Steps(NamedTuple):
    """Hold K steps of one walk.

    moved:  f[K, 2], in cells; var: f[K], cells^2 of either coordinate
    prior:  f[K], how many times the floor's prior counts in a step: its length in seconds
    said:   f[K, E, N], log likelihood of what became known, up to a constant; 0: nothing did
    """

    moved: Leaf
    var: Leaf
    prior: Leaf
    said: Leaf


class Ground(NamedTuple):
    """Hold a floor as steps need it: its log prior f[E, N], and of either axis the cosines f[C, C]
    in which diffusion on C cells is diagonal, with its rates f[C]."""

    log_prior: jax.Array
    modes: tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


class Belief(NamedTuple):
    """Hold probabilities f[E, N] of cells that now lie `offset` f[2], in cells, further."""

    p: jax.Array
    offset: jax.Array


class Placed(NamedTuple):
    """Hold means f[..., 2], in cells from the first centre, and the sd along an axis f[...]."""

    mean: Leaf
    sd: Leaf


class _Carried(NamedTuple):
    """Hold the matrices of a step, f[E, E] and f[N, N], and the likelihood after it, f[E, N]."""

    east: jax.Array
    north: jax.Array
    likely: jax.Array


def ground(log_prior: jax.Array) -> Ground:
    """Return a floor of a log prior f[E, N], up to a constant, laid out for steps."""
    east, north = log_prior.shape
    return Ground(log_prior, (_modes(east), _modes(north)))


def begin(log_prior: jax.Array) -> Belief:
    """Return the belief before a walk, from a log prior f[E, N]."""
    return Belief(jax.nn.softmax(log_prior, axis=(0, 1)), jnp.zeros(2))


def filtered(log_prior: jax.Array, belief: Belief, steps: Steps) -> tuple[Belief, tuple]:
    """Return the last belief, and for `smoothed` all of them [K, ...] with how they were made."""
    return lax.scan(partial(step, ground(log_prior)), belief, steps)


def step(floor: Ground, belief: Belief, one: Steps) -> tuple[Belief, tuple[Belief, _Carried]]:
    """Advance by one step (`Steps` without the axis K): move, then take in what was said."""
    moved = belief.offset + one.moved
    whole = lax.stop_gradient(jnp.round(moved))
    offset = moved - whole
    east, north = (
        _carried(mode, one.var, shift) for mode, shift in zip(floor.modes, whole, strict=True)
    )
    log_prior = floor.log_prior
    reads = [_reading(count, part) for count, part in zip(log_prior.shape, offset, strict=True)]
    log_likely = reads[0] @ (one.prior * log_prior + one.said) @ reads[1].T
    likely = jnp.exp(log_likely - lax.stop_gradient(log_likely.max()))
    p = _normal((east @ belief.p @ north.T + _LEAST) * likely)
    after = Belief(p, offset)
    return after, (after, _Carried(east, north, likely))


def smoothed(made: tuple[Belief, _Carried]) -> Belief:
    """Return what the whole of a walk says of the end of each step, [K, ...]."""
    beliefs, carried = made

    def back(message: jax.Array, one: tuple[Belief, _Carried]) -> tuple[jax.Array, Belief]:
        belief, (east, north, likely) = one
        found = Belief(_normal(belief.p * message), belief.offset)
        return _normal(east.T @ (likely * message) @ north), found

    return lax.scan(back, jnp.ones(beliefs.p.shape[1:]), (beliefs, carried), reverse=True)[1]


def placed(belief: Belief) -> Placed:
    """Return the mean and spread of beliefs [..., E, N]; that of a cell's width is in it."""
    east, north = (jnp.arange(count, dtype=belief.p.dtype) for count in belief.p.shape[-2:])
    by_east, by_north = belief.p.sum(axis=-1), belief.p.sum(axis=-2)
    mean = jnp.stack([by_east @ east, by_north @ north], axis=-1)
    square = by_east @ east**2 + by_north @ north**2
    var = jnp.maximum(square - (mean**2).sum(axis=-1), 0) / 2 + 1 / 12
    return Placed(mean + belief.offset, jnp.sqrt(var))


def _modes(count: int) -> tuple[jax.Array, jax.Array]:
    """Return the cosines f[C, C] in which diffusion on C cells is diagonal, and its rates f[C]."""
    k = jnp.arange(count)
    cosines = jnp.cos(jnp.pi * jnp.outer(k + 0.5, k) / count)
    return cosines / jnp.linalg.norm(cosines, axis=0), 1 - jnp.cos(jnp.pi * k / count)


def _carried(modes: tuple[jax.Array, jax.Array], var: jax.Array, shift: jax.Array) -> jax.Array:
    """Return the matrix that diffuses by `var` and shifts by whole cells, f[C, C].

    What would leave the floor stays in its last cell.
    """
    cosines, rates = modes
    count = len(rates)
    to = jnp.clip(jnp.arange(count) + shift.astype(int), 0, count - 1)
    shifted = jax.nn.one_hot(to, count, axis=0, dtype=cosines.dtype)
    # Rounding leaves tiny negative entries far from the diagonal.
    return jnp.maximum(0, (cosines * jnp.exp(-var * rates)) @ (cosines.T @ shifted))


def _reading(count: int, offset: jax.Array) -> jax.Array:
    """Return the matrix that reads a table `offset` of a cell further, on straight lines."""
    at = jnp.clip(jnp.arange(count) + offset, 0, count - 1)
    return jnp.maximum(0, 1 - jnp.abs(at[:, None] - jnp.arange(count)))


def _normal(p: jax.Array) -> jax.Array:
    return p / p.sum()
