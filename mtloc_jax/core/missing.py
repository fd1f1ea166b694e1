"""Wipe a modality: which points are lost, and what the network reads in their place.

One uniform number is drawn per point and compared with every drop rate, so that a higher rate
wipes a superset and all models lose the same points.
"""

from typing import Literal, get_args

import jax
import jax.numpy as jnp

from mtloc_jax.core.inputs import Inputs
from mtloc_jax.sites.scaling import Scaler

Mode = Literal["windows", "bursts", "samples"]
Fill = Literal["zero", "mean"]
MODES, FILLS = get_args(Mode), get_args(Fill)


def draw(key: jax.Array, mode: Mode, x: jax.Array, burst_windows: int) -> jax.Array:
    """Draw a uniform number for each point of one modality that can be lost.

    x: the modality's input, f32[N, T, C] or f32[N, A]
    mode: "windows", each window by itself: f32[N]; "bursts", stretches of `burst_windows`
        consecutive windows together: f32[N]; "samples", each sensor sample (all its axes) or each
        access point of a window: f32[N, T] or f32[N, A]
    """
    n = x.shape[0]
    if mode == "windows":
        return jax.random.uniform(key, (n,))
    if mode == "bursts":
        key_offset, key_burst = jax.random.split(key)
        offset = jax.random.randint(key_offset, (), 0, burst_windows)
        bursts = jax.random.uniform(key_burst, (n // burst_windows + 2,))
        return bursts[(jnp.arange(n) + offset) // burst_windows]
    return jax.random.uniform(key, x.shape[:2])


def filler(modality: str, fill: Fill, scaler: Scaler) -> jax.Array:
    """Return what a wiped point reads, in network units.

    "zero": the sensor reads 0 m/s^2, rad/s or microtesla, and WiFi "not heard"; "mean": the
    training mean. Shape f32[C] for a sensor, f32[A] for WiFi.
    """
    if modality == "wifi":
        mean = jnp.asarray(scaler.wifi_mean)
        return mean if fill == "mean" else jnp.zeros_like(mean)
    mean = jnp.asarray(getattr(scaler, f"{modality}_mean"))
    return jnp.zeros_like(mean) if fill == "mean" else -mean / getattr(scaler, f"{modality}_std")


def wiped(x: jax.Array, lost: jax.Array, blank: jax.Array) -> jax.Array:
    """Replace the lost points of one modality.

    x: f32[N, T, C] or f32[N, A]; lost: bool with x's leading axes; blank: from `filler`
    """
    lost = lost.reshape(lost.shape + (1,) * (x.ndim - lost.ndim))
    return jnp.where(lost, blank, x)


def wiped_inputs(inputs: Inputs, modality: str, lost: jax.Array, blank: jax.Array) -> Inputs:
    """Return `inputs` with the lost points of one modality replaced."""
    return inputs._replace(**{modality: wiped(getattr(inputs, modality), lost, blank)})
