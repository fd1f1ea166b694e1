"""Errors in metres and what is reported of them."""

import jax
import jax.numpy as jnp

from mtloc_jax.modalities import Leaf
from mtloc_jax.rows import METRICS, QUANTILES


def errors_m(predicted_m: Leaf, true_m: Leaf) -> jax.Array:
    """Return the Euclidean distance per window: f32[..., N, 2] twice -> f32[..., N], metres."""
    return jnp.sqrt(jnp.sum((predicted_m - true_m) ** 2, axis=-1))


def summary(error_m: jax.Array) -> jax.Array:
    """Return the metrics of `rows.METRICS` over the last axis: f32[..., N] -> f32[..., 6]."""
    percents = [m.percent for m in METRICS.values() if m.percent is not None]
    percentiles = iter(jnp.percentile(error_m, jnp.array(percents), axis=-1))
    moments = {"mean": error_m.mean(axis=-1), "STD": error_m.std(axis=-1)}
    return jnp.stack(
        [moments[m.label] if m.percent is None else next(percentiles) for m in METRICS.values()],
        axis=-1,
    )


def cdf(error_m: jax.Array) -> jax.Array:
    """Return the error quantiles named in `rows.QUANTILES`: f32[..., N] -> f32[..., Q]."""
    return jnp.moveaxis(jnp.percentile(error_m, jnp.array(QUANTILES), axis=-1), 0, -1)
