"""How a candidate of a scan compares with its other candidates."""

import jax
import jax.numpy as jnp

from mtloc_jax.experts.candidates import CANDIDATES

_WORST = 1e9


def best(rival: jax.Array, mask: jax.Array) -> jax.Array:
    """Return the best of a rival f32[B, C], of which more is better, under a mask: f32[B, 1]."""
    return jnp.where(mask, rival, -_WORST).max(axis=1, keepdims=True)


def behind(rival: jax.Array, mask: jax.Array) -> jax.Array:
    """Return how much worse than the best each candidate is, f32[B, C]."""
    return best(rival, mask) - rival


def rank(rival: jax.Array, mask: jax.Array) -> jax.Array:
    """Return the share of candidates that are better, f32[B, C]."""
    better = (rival[:, None, :] > rival[:, :, None]) & mask[:, None, :]
    return better.sum(-1) / CANDIDATES


def smoothed(values: jax.Array, away_m: jax.Array, mask: jax.Array, length_m: float) -> jax.Array:
    """Return the mean of values f32[B, C] over the candidates about each."""
    weight = jnp.exp(-(away_m**2) / (2 * length_m**2)) * mask[:, None]
    return (weight * values[:, None]).sum(-1) / jnp.maximum(weight.sum(-1), 1e-9)


def metres_to_best(rival: jax.Array, away_m: jax.Array, mask: jax.Array) -> jax.Array:
    """Return how far each candidate lies from the best, f32[B, C], of distances f32[B, C, C]."""
    first = jnp.where(mask, rival, -_WORST).argmax(axis=1)
    return jnp.take_along_axis(away_m, first[:, None, None], axis=2)[..., 0]
