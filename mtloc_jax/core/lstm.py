"""The last hidden state of an LSTM, with a gradient written for speed.

XLA differentiates a scanned LSTM by accumulating the recurrent kernel's gradient step by step.
Here the backward scan yields only the pre-activation gradients; the kernels' gradients follow in
one matmul each. The first step has no recurrent product because the state starts at zero.
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
    # A window has few channels: projecting them inside the recurrence costs less than writing and
    # reading back a projection of all steps, four times as wide as the state.
    def projected(x_t):
        return x_t @ params.kernel + params.bias

    def step(state, x_t):
        h, c = state
        i, f, g, o = gates = _gates(projected(x_t) + h @ params.recurrent_kernel)
        c_next = f * c + i * g
        tanh_c = jnp.tanh(c_next)
        # What the backward pass needs of this step: its gates, the state before it, its tanh.
        return (o * tanh_c, c_next), (gates, h, c, tanh_c)

    x_by_step = jnp.swapaxes(x, 0, 1)
    first = _gates(projected(x_by_step[0]))
    c = first[0] * first[2]
    tanh_c = jnp.tanh(c)
    (last, _), saved = lax.scan(step, (first[3] * tanh_c, c), x_by_step[1:])
    return last, (params, x_by_step, first, tanh_c, saved)


def _cell_backward(gates, c_before, tanh_c, dh, dc):
    """Return the pre-activation gradient f32[B, 4H] and the cell gradient one step earlier."""
    i, f, g, o = gates
    dc = dc + dh * o * (1 - tanh_c**2)
    dz = (
        dc * g * i * (1 - i),
        dc * c_before * f * (1 - f),
        dc * i * (1 - g**2),
        dh * tanh_c * o * (1 - o),
    )
    return jnp.concatenate(dz, axis=-1), dc * f


def _backward(residual, dh):
    params, x_by_step, first, first_tanh_c, saved = residual

    def step(state, saved_t):
        dh, dc = state
        gates, _, c_before, tanh_c = saved_t
        dz, dc = _cell_backward(gates, c_before, tanh_c, dh, dc)
        return (dz @ params.recurrent_kernel.T, dc), dz

    (dh, dc), dz_later = lax.scan(step, (dh, jnp.zeros_like(dh)), saved, reverse=True)
    dz_first, _ = _cell_backward(first, jnp.zeros_like(dh), first_tanh_c, dh, dc)
    ones = jnp.ones((*x_by_step.shape[:2], 1), x_by_step.dtype)
    inputs = jnp.concatenate([x_by_step, ones], axis=-1)  # the bias is the kernel's last row
    inputs_gradient = _summed_product(inputs[1:], dz_later) + inputs[0].T @ dz_first
    grads = LstmParams(
        kernel=inputs_gradient[:-1],
        recurrent_kernel=_summed_product(saved[1], dz_later),
        bias=inputs_gradient[-1],
    )
    dz = jnp.concatenate([dz_first[None], dz_later])
    return grads, jnp.einsum("tbk,ck->btc", dz, params.kernel)


def _summed_product(left: jax.Array, right: jax.Array) -> jax.Array:
    """Sum left.T @ right over steps and windows in one product: f32[T, B, M], f32[T, B, N]."""
    flat = left.reshape(-1, left.shape[-1])
    # Really transposed, which is cheap: XLA's fast CPU product wants its left side in this order.
    return lax.optimization_barrier(flat.T) @ right.reshape(-1, right.shape[-1])


last_hidden.defvjp(_forward, _backward)
