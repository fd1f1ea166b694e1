"""The last hidden state of an LSTM, with a gradient written for speed.

On CPU the products run at the machine's rate; what is left to save is memory traffic around them.
So the forward pass keeps as little as the backward pass can do with, and that one adds each step's
share to the kernels' gradients at once instead of keeping all pre-activation gradients. The first
step has no recurrent product because the state starts at zero.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.core.product import transposed_product


class LstmParams(NamedTuple):
    """Hold one LSTM layer: gate order input, forget, cell, output; ONE bias vector.

    kernel: f32[C, 4H]; recurrent_kernel: f32[H, 4H]; bias: f32[4H]
    """

    kernel: jax.Array
    recurrent_kernel: jax.Array
    bias: jax.Array


class _State(NamedTuple):
    """Hold what a step leaves, all f32[B, H]: the cell, the output gate, the cell's tanh."""

    c: jax.Array
    o: jax.Array
    tanh_c: jax.Array

    @property
    def h(self) -> jax.Array:
        """Return the hidden state. It is not kept: a product is cheaper than its memory."""
        return self.o * self.tanh_c


@jax.custom_vjp
def last_hidden(params: LstmParams, x: jax.Array) -> jax.Array:
    """Return the hidden state after the last step: x f32[B, T, C] -> f32[B, H]."""
    return _forward(params, x)[0]


def last_hidden_plain(params: LstmParams, x: jax.Array) -> jax.Array:
    """Return the same as `last_hidden`, step by step: the reference it is tested against."""
    hidden = params.recurrent_kernel.shape[0]
    zeros = jnp.zeros((x.shape[0], hidden), x.dtype)

    def step(state, x_t):
        h, c = state
        z = x_t @ params.kernel + h @ params.recurrent_kernel + params.bias
        i, f, g, o = _gates(z)
        c = f * c + i * g
        return (o * jnp.tanh(c), c), None

    (h, _), _ = lax.scan(step, (zeros, zeros), jnp.swapaxes(x, 0, 1))
    return h


def _gates(z: jax.Array) -> tuple[jax.Array, ...]:
    i, f, g, o = jnp.split(z, 4, axis=-1)
    return jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)


def _forward(params: LstmParams, x: jax.Array):
    # A window has few channels: projecting them inside the recurrence costs less than writing and
    # reading back a projection of all steps, four times as wide as the state.
    def projected(x_t):
        return x_t @ params.kernel + params.bias

    def step(before: _State, x_t):
        i, f, g, o = _gates(projected(x_t) + before.h @ params.recurrent_kernel)
        c = f * before.c + i * g
        return _State(c, o, jnp.tanh(c)), (before, (i, f, g))

    x_by_step = jnp.swapaxes(x, 0, 1)
    i, _, g, o = _gates(projected(x_by_step[0]))
    first = _State(i * g, o, jnp.tanh(i * g))
    last, later = lax.scan(step, first, x_by_step[1:])
    return last.h, (params, x_by_step, (i, g), last, later)


def _backward(residual, dh):
    params, x_by_step, (i, g), last, later = residual

    def through(dc, dz_o, gates, c_before, x_t):
        """Return one step's pre-activation gradients f32[B, 4H], and the input kernel's share."""
        i, f, g = gates
        dz_i, dz_f, dz_g = dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g**2)
        dz = jnp.concatenate([dz_i, dz_f, dz_g, dz_o], axis=-1)
        return dz, transposed_product(_with_ones(x_t), dz)

    def step(carry, of_step):
        (dc, dz_o), (d_recurrent, d_inputs) = carry
        (before, gates), x_t = of_step
        dz, share = through(dc, dz_o, gates, before.c, x_t)
        dc_before, dz_o = _received(before, dz @ params.recurrent_kernel.T)
        sums = d_recurrent + transposed_product(before.h, dz), d_inputs + share
        return ((dc * gates[1] + dc_before, dz_o), sums), dz @ params.kernel.T

    inputs, outputs = params.kernel.shape
    none_yet = jnp.zeros_like(params.recurrent_kernel), jnp.zeros((inputs + 1, outputs), dh.dtype)
    carry, dx = lax.scan(
        step, (_received(last, dh), none_yet), (later, x_by_step[1:]), reverse=True
    )
    received, (d_recurrent, d_inputs) = carry
    none = jnp.zeros_like(dh)  # the first step has no cell before it to forget
    dz, share = through(*received, (i, none, g), none, x_by_step[0])
    d_inputs = d_inputs + share
    dx = jnp.concatenate([(dz @ params.kernel.T)[None], dx])
    return LstmParams(d_inputs[:-1], d_recurrent, d_inputs[-1]), jnp.swapaxes(dx, 0, 1)


def _received(state: _State, dh: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return what reaches a state's cell and its output gate's pre-activation through h."""
    return dh * state.o * (1 - state.tanh_c**2), dh * state.tanh_c * state.o * (1 - state.o)


def _with_ones(x_t: jax.Array) -> jax.Array:
    """Return x_t f32[B, C] and a column of ones: the bias is the kernel's last row."""
    return jnp.concatenate([x_t, jnp.ones((x_t.shape[0], 1), x_t.dtype)], axis=-1)


last_hidden.defvjp(_forward, _backward)
