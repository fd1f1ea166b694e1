"""Errors in metres and what is reported of them."""

import jax
import jax.numpy as jnp

from mtloc_jax.report.rows import METRICS, QUANTILES
from mtloc_jax.sites.scaling import Leaf


def errors_m(predicted_m: Leaf, true_m: Leaf) -> jax.Array:
    """Return the Euclidean distance per window: f32[..., N, 2] twice -> f32[..., N], metres."""
    return jnp.sqrt(jnp.sum((predicted_m - true_m) ** 2, axis=-1))


def summary(error_m: jax.Array) -> jax.Array:
    """Return the metrics named in `rows.METRICS` over the last axis: f32[..., N] -> f32[..., 6].

    mean and STD are Table V's; the text's "median" is a median here.
    """
    percentiles = jnp.percentile(error_m, jnp.array([50.0, 75.0, 90.0, 95.0]), axis=-1)
    moments = [error_m.mean(axis=-1), error_m.std(axis=-1)]
    out = jnp.stack([*moments, *percentiles], axis=-1)
    assert out.shape[-1] == len(METRICS)
    return out


def cdf(error_m: jax.Array) -> jax.Array:
    """Return the error quantiles named in `rows.QUANTILES`: f32[..., N] -> f32[..., Q]."""
    return jnp.moveaxis(jnp.percentile(error_m, jnp.array(QUANTILES), axis=-1), 0, -1)
