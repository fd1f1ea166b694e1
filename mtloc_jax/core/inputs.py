"""Physical units to network units and back, inside the compiled program."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from mtloc_jax.sites.scaling import Leaf, Scaler
from mtloc_jax.sites.site import Arrays


class Inputs(NamedTuple):
    """Hold what the branches read: imu f32[B, T, 2], mag f32[B, T, C], wifi f32[B, A], scaled."""

    imu: Leaf
    mag: Leaf
    wifi: Leaf


def scaled_imu(data: Arrays, scaler: Scaler, rows: jax.Array | slice) -> jax.Array:
    """Return the scaled IMU windows at `rows`, f32[B, T, 2]."""
    return (data.imu[rows] - scaler.imu_mean) / scaler.imu_std


def scaled(data: Arrays, scaler: Scaler, rows: jax.Array | slice) -> Inputs:
    """Return the scaled windows at `rows`; an access point not heard reads 0."""
    return Inputs(
        scaled_imu(data, scaler, rows),
        (data.mag[rows] - scaler.mag_mean) / scaler.mag_std,
        scaled_wifi(data.wifi_dbm[data.scan[rows]], scaler),
    )


def scaled_wifi(dbm: jax.Array, scaler: Scaler) -> jax.Array:
    """Scale RSS f32[..., A] in dBm, NaN where not heard, to about 0..1."""
    heard = ~jnp.isnan(dbm) & scaler.wifi_heard
    # Readings weaker than any in training stay just above "not heard" instead of below it.
    level = jnp.maximum((dbm - scaler.wifi_floor_dbm) / scaler.wifi_span_db, 0.0)
    return jnp.where(heard, level, 0.0)


def scaled_xy(xy_m: jax.Array, scaler: Scaler) -> jax.Array:
    """Scale positions f32[B, 2] from metres."""
    return (xy_m - scaler.xy_mean_m) / scaler.xy_scale_m


def metres(xy: jax.Array, scaler: Scaler) -> jax.Array:
    """Return scaled positions f32[B, 2] in metres."""
    return xy * scaler.xy_scale_m + scaler.xy_mean_m
