"""The last hidden state of an LSTM, with a gradient written for speed.

XLA differentiates a scanned LSTM by accumulating the recurrent kernel's gradient step by step.
Here the backward scan yields only the pre-activation gradients; the kernels' gradients follow in
one matmul each. The input projection of all steps stands before the recurrence, and the first
step has no recurrent product because the state starts at zero.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class LstmParams(NamedTuple):
    """Hold one LSTM layer: gate order input, forget, cell, output; ONE bias vector.

    kernel: f32[C, 4H]; recurrent_kernel: f32[H, 4H]; bias: f32[4H]
    """

    kernel: jax.Array
    recurrent_kernel: jax.Array
    bias: jax.Array


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
    projected = jnp.einsum("btc,ck->tbk", x, params.kernel) + params.bias
    first = _gates(projected[0])
    c = first[0] * first[2]
    h = first[3] * jnp.tanh(c)

    def step(state, z_in):
        h, c = state
        i, f, g, o = gates = _gates(z_in + h @ params.recurrent_kernel)
        c_next = f * c + i * g
        # What the backward pass needs of this step: its gates and the state before and after it.
        return (o * jnp.tanh(c_next), c_next), (gates, h, c, c_next)

    (last, _), saved = lax.scan(step, (h, c), projected[1:])
    return last, (params, x, first, c, saved)


def _cell_backward(gates, c_before, c_after, dh, dc):
    """Return the pre-activation gradient f32[B, 4H] and the cell gradient one step earlier."""
    i, f, g, o = gates
    tanh_c = jnp.tanh(c_after)
    dc = dc + dh * o * (1 - tanh_c**2)
    dz = (
        dc * g * i * (1 - i),
        dc * c_before * f * (1 - f),
        dc * i * (1 - g**2),
        dh * tanh_c * o * (1 - o),
    )
    return jnp.concatenate(dz, axis=-1), dc * f


def _backward(residual, dh):
    params, x, first, first_c, saved = residual

    def step(state, saved_t):
        dh, dc = state
        gates, _, c_before, c_after = saved_t
        dz, dc = _cell_backward(gates, c_before, c_after, dh, dc)
        return (dz @ params.recurrent_kernel.T, dc), dz

    (dh, dc), dz_later = lax.scan(step, (dh, jnp.zeros_like(dh)), saved, reverse=True)
    dz_first, _ = _cell_backward(first, jnp.zeros_like(first_c), first_c, dh, dc)
    dz = jnp.concatenate([dz_first[None], dz_later])
    h_before = saved[1]
    grads = LstmParams(
        kernel=jnp.einsum("btc,tbk->ck", x, dz),
        recurrent_kernel=jnp.einsum("tbh,tbk->hk", h_before, dz_later),
        bias=dz.sum(axis=(0, 1)),
    )
    return grads, jnp.einsum("tbk,ck->btc", dz, params.kernel)


last_hidden.defvjp(_forward, _backward)
