"""Wipe a modality: which points are lost, and what the network reads in their place.

One uniform number is drawn per point and compared with every drop rate, so that a higher rate
wipes a superset and all models lose the same points.
"""

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.modalities import Leaf


def draw(key: jax.Array, mode: str, x: jax.Array, burst_windows: int) -> jax.Array:
    """Draw a uniform number for each point of one modality that can be lost.

    x: the modality's input, f32[N, T, C] or f32[N, A]
    mode: as settings.Wipe has it: "windows", each window by itself: f32[N]; "bursts", stretches of
        `burst_windows` consecutive windows together: f32[N]; "samples", each sensor sample (all
        its axes) or each access point of a window: f32[N, T] or f32[N, A]
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


def taken(key: jax.Array, n: int, share: Leaf, burst_windows: Leaf) -> jax.Array:
    """Draw from which of `n` windows, in their order, training takes a modality: bool[n].

    Stretches of `burst_windows` are taken together, each with probability `share`; unlike `draw`,
    both may differ between the runs of one program.
    """
    key_offset, key_burst = jax.random.split(key)
    offset = jax.random.randint(key_offset, (), 0, burst_windows)
    bursts = jax.random.uniform(key_burst, (n + 1,))
    return bursts[(jnp.arange(n, dtype=np.int32) + offset) // burst_windows] < share


def wiped(x: jax.Array, lost: jax.Array, blank: jax.Array) -> jax.Array:
    """Replace the lost points of one modality.

    x: f32[N, T, C] or f32[N, A]; lost: bool with x's leading axes; blank: what is read there
    """
    lost = lost.reshape(lost.shape + (1,) * (x.ndim - lost.ndim))
    return jnp.where(lost, blank, x)
