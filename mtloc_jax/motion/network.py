"""A network that says how a phone moves, and how far off that may be; it knows no building.

After RoNIN (Herath, Yan, Furukawa, "RoNIN: robust neural inertial navigation in
the wild", ICRA 2020): velocity in a level frame that turns with the phone, by a recurrent network.
Here the frame is the phone's own, and the loss asks for sums between waypoints alone.
"""

from collections.abc import Callable
from functools import cache

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mtloc_jax.core.inputs import Inputs
from mtloc_jax.core.model import Params
from mtloc_jax.core.problem import Problem
from mtloc_jax.core.product import product
from mtloc_jax.modalities import Held
from mtloc_jax.motion.legs import LEGS, Stretches
from mtloc_jax.motion.phone_frame import N_INPUTS, SAMPLES
from mtloc_jax.motion.ticks import TICK_MS
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays

HIDDEN = 64
NU = 6.0
"""Degrees of freedom of Student's t: legs whose waypoints were tapped late teach little."""
SPANS = (1, 2, 3, 4)
UNITS = np.tile(np.array([3.0] * 3 + [1.0] * 3, np.float32), SAMPLES)  # m/s^2, rad/s
SPEED_M_S, LOG_VARIANCE = 1.0, -3.5
"""What an untrained network says: people walk ahead."""
READ = "imu"


class Gru(nn.Module):
    """Run a gated recurrent unit over ticks (Cho et al., 2014; reset after the product)."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array, start: jax.Array | None = None) -> jax.Array:
        """Map f32[B, T, C] to the states f32[B, T, H] that follow `start` f32[B, H], 0 if None."""
        size, zeros = self.hidden, nn.initializers.zeros
        kernel = self.param("kernel", nn.initializers.glorot_uniform(), (x.shape[-1], 3 * size))
        bias = self.param("bias", zeros, (3 * size,))
        recurrent = self.param("recurrent_kernel", nn.initializers.orthogonal(), (size, 3 * size))
        new_bias = self.param("new_bias", zeros, (size,))

        def step(h: jax.Array, x_t: jax.Array) -> tuple[jax.Array, jax.Array]:
            from_x, from_h = jnp.split(x_t, 3, axis=-1), jnp.split(h @ recurrent, 3, axis=-1)
            reset, keep = (jax.nn.sigmoid(from_x[gate] + from_h[gate]) for gate in (0, 1))
            new = jnp.tanh(from_x[2] + reset * (from_h[2] + new_bias))
            h = new + keep * (h - new)
            return h, h

        projected = dense(jnp.swapaxes(x, 0, 1), kernel) + bias
        first = jnp.zeros((x.shape[0], size), x.dtype) if start is None else start
        _, states = lax.scan(step, first, projected, unroll=2)
        return jnp.swapaxes(states, 0, 1)


def dense(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return f32[..., C] @ f32[C, N], as one product over all rows."""
    return product(x.reshape(-1, x.shape[-1]), kernel).reshape(*x.shape[:-1], kernel.shape[-1])


class MotionNetwork(nn.Module):
    """Tell each tick's velocity ahead and to the left, and its variance, causally."""

    hidden: int = HIDDEN

    def setup(self) -> None:
        """Name the layers."""
        self.dense = nn.Dense(self.hidden, dot_general=lambda x, kernel, *_, **__: dense(x, kernel))
        self.gru = Gru(self.hidden)
        self.out = nn.Dense(3, kernel_init=nn.initializers.normal(0.02))

    def ticks(self, inputs: jax.Array, yaw_rad: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return metres east and north f32[B, T, 2] and their scale squared f32[B, T].

        inputs: f32[B, T, 30] in their units; yaw_rad: f32[B, T]
        """
        return self.told(self.gru(nn.relu(self.dense(inputs / UNITS))), yaw_rad)

    def next_tick(
        self, state: jax.Array, inputs: jax.Array, yaw_rad: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """Return the state after a tick f32[30] that follows one f32[H], and what `ticks` tells."""
        x = nn.relu(self.dense(inputs[None, None] / UNITS))
        states = self.gru(x, state[None])
        moved_m, variance = self.told(states, yaw_rad[None, None])
        return states[0, 0], (moved_m[0, 0], variance[0, 0])

    def told(self, states: jax.Array, yaw_rad: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return what states f32[B, T, H] tell of their ticks, as `ticks`."""
        ahead, left, spread = jnp.moveaxis(self.out(states), -1, 0)
        ahead, seconds = ahead + SPEED_M_S, TICK_MS / 1000
        cos, sin = jnp.cos(yaw_rad), jnp.sin(yaw_rad)
        moved_m = seconds * jnp.stack([ahead * cos - left * sin, ahead * sin + left * cos], -1)
        return moved_m, jnp.exp(spread + LOG_VARIANCE)

    def __call__(self, read: Inputs, kept: object = 1.0, known: object = None) -> jax.Array:
        """Return of each leg metres east and north, scale squared, and whether it is one.

        read: f32[B, T, 30 + 1 + LEGS], inputs, yaw and shares; returns f32[B, 4 LEGS]
        """
        inputs, yaw_rad, share = jnp.split(read[READ], [N_INPUTS, N_INPUTS + 1], axis=-1)
        moved_m, variance = self.ticks(inputs, yaw_rad[..., 0])
        legs = jnp.einsum("btl,btc->blc", share, moved_m)
        varies = jnp.einsum("btl,bt->bl", share, variance)[..., None]
        real = (share.sum(axis=1) > 0).astype(legs.dtype)[..., None]
        return jnp.concatenate([legs, varies, real], axis=-1).reshape(len(legs), -1)


def arrays(legs: Stretches) -> Arrays:
    """Return stretches as a program trains on them; the target is f32[N, 2 LEGS] metres."""
    read = np.concatenate([legs.inputs, legs.yaw_rad[..., None], legs.share], axis=-1)
    return Arrays({READ: Held(read)}, legs.moved_m.reshape(len(read), -1))


METRES = Scaler({}, np.zeros(2 * LEGS, np.float32), np.float32(1))
"""Targets stay in metres, inputs in their units: they mean the same in every building."""


def _batch(data: Arrays, scaler: Scaler, rows: jax.Array) -> Inputs:
    return {READ: data.inputs[READ].at(rows)}


def leg_loss(outputs: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Return the mean negative log likelihood, but for a constant, of legs in a row.

    outputs: f32[B, 4 LEGS] of MotionNetwork; target: f32[B, 2 LEGS]; weight: f32[B]
    Student's t in two dimensions, of the sums over 1 to 4 legs: ticks err independently.
    """
    legs = outputs.reshape(len(outputs), LEGS, 4)
    off = jnp.concatenate([legs[..., :2] - target.reshape(-1, LEGS, 2), legs[..., 2:]], axis=-1)
    total = count = jnp.float32(0)
    for span in SPANS:
        sums = jnp.stack([off[:, k : LEGS - span + 1 + k] for k in range(span)]).sum(axis=0)
        whole = (sums[..., 3] == span) * weight[:, None]
        variance = jnp.where(whole > 0, sums[..., 2], 1.0)
        squares = jnp.sum(sums[..., :2] ** 2, axis=-1) / (NU * variance)
        nll = jnp.log(variance) + (NU + 2) / 2 * jnp.log1p(squares)
        total, count = total + jnp.sum(whole * nll), count + jnp.sum(whole)
    return total / jnp.maximum(count, 1.0)


def problem(hidden: int = HIDDEN) -> Problem:
    """Return the problem of motion: displacement between waypoints."""
    return Problem(MotionNetwork(hidden), leg_loss, batch=_batch)


def fresh(seed: int, hidden: int = HIDDEN) -> Params:
    """Return untrained parameters."""
    return _drawn(hidden)(jax.random.key(seed))


@cache
def _drawn(hidden: int) -> Callable[[jax.Array], Params]:
    nothing = {READ: np.zeros((1, 1, N_INPUTS + 1 + LEGS), np.float32)}
    return jax.jit(lambda key: MotionNetwork(hidden).init(key, nothing)["params"])
