"""The LSTM of short windows as two TPU kernels: a window's steps in the core's own memory.

What the steps keep for the gradient never leaves the chip: the backward kernel goes forward again
first, which costs products of which a TPU has plenty, and holds all steps at once. Between the two
passes nothing is kept but their inputs. Written in Pallas; compiled and interpreted, never run on a
TPU.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu

from mtloc_jax.core import lstm_cell as cell
from mtloc_jax.core.lstm_cell import LstmParams, State

WINDOWS = 128
"""The most windows at once: what the steps of so many keep fits the core's memory."""
FORWARD, BACKWARD = "lstm_mosaic_forward", "lstm_mosaic_backward"
"""The kernels' names in a compiled program."""

_KEPT = 6  # gates and cell of a step, and the cell's tanh


def forward(params: LstmParams, x: jax.Array, *, interpret: bool = False) -> jax.Array:
    """Return the hidden state after the last step: x f32[B, T, C] -> f32[B, H]."""
    hidden, (windows, flat, blocks) = params.recurrent_kernel.shape[0], _tiled(x)
    made = pl.pallas_call(
        _forward_kernel,
        jax.ShapeDtypeStruct((blocks * windows, hidden), x.dtype),
        grid=(blocks,),
        in_specs=_specs(params, windows, flat.shape[1]),
        out_specs=_rows(windows, hidden),
        interpret=interpret,
        name=FORWARD,
    )(flat, *_matrices(params))
    return made[: len(x)]


def backward(
    params: LstmParams, x: jax.Array, dh: jax.Array, *, interpret: bool = False
) -> LstmParams:
    """Return the parameters' gradients for that of the last hidden state, f32[B, H]."""
    hidden, (windows, flat, blocks) = params.recurrent_kernel.shape[0], _tiled(x)
    steps = x.shape[1]
    matrices = _matrices(params)
    kernel, recurrent, bias = pl.pallas_call(
        _backward_kernel,
        [jax.ShapeDtypeStruct(one.shape, x.dtype) for one in matrices],
        grid=(blocks,),
        in_specs=[*_specs(params, windows, flat.shape[1]), _rows(windows, hidden)],
        out_specs=[_whole(one.shape) for one in matrices],
        scratch_shapes=[pltpu.VMEM((steps, _KEPT, windows, hidden), x.dtype)],
        interpret=interpret,
        name=BACKWARD,
    )(flat, *matrices, _padded(dh, blocks * windows))
    return LstmParams(kernel, recurrent, bias[0])


def differentiable(
    plain: Callable[[LstmParams, jax.Array], jax.Array], *, interpret: bool = False
) -> Callable[[LstmParams, jax.Array], jax.Array]:
    """Return the last hidden state f32[B, H] of x f32[B, T, C], with its gradient.

    plain: the same function otherwise; the windows' gradient is its, which training never asks for
    interpret: for a machine without a TPU
    """

    @jax.custom_vjp
    def encode(params: LstmParams, x: jax.Array) -> jax.Array:
        return forward(params, x, interpret=interpret)

    def kept(params: LstmParams, x: jax.Array) -> tuple[jax.Array, Any]:
        return forward(params, x, interpret=interpret), (params, x)

    def gradient(residual: Any, dh: jax.Array) -> tuple[LstmParams, jax.Array]:
        params, x = residual
        _, pull = jax.vjp(partial(plain, params), x)
        return backward(params, x, dh, interpret=interpret), pull(dh)[0]

    encode.defvjp(kept, gradient)
    return encode


def _tiled(x: jax.Array) -> tuple[int, jax.Array, int]:
    """Return windows a block, x as f32[B, T C] whose last axis fills lanes, and how many blocks."""
    n = len(x)
    windows, blocks = (n, 1) if n <= WINDOWS else (WINDOWS, -(-n // WINDOWS))
    return windows, _padded(x.reshape(n, -1), windows * blocks), blocks


def _padded(rows: jax.Array, n: int) -> jax.Array:
    return rows if len(rows) == n else jnp.pad(rows, ((0, n - len(rows)), (0, 0)))


def _matrices(params: LstmParams) -> tuple[jax.Array, ...]:
    return params.kernel, params.recurrent_kernel, params.bias[None]


def _whole(shape: tuple[int, ...]) -> pl.BlockSpec:
    return pl.BlockSpec(shape, lambda block: (0, 0))


def _rows(windows: int, width: int) -> pl.BlockSpec:
    return pl.BlockSpec((windows, width), lambda block: (block, 0))


def _specs(params: LstmParams, windows: int, width: int) -> list[pl.BlockSpec]:
    return [_rows(windows, width), *(_whole(one.shape) for one in _matrices(params))]


def _before_gates(x_ref: Any, kernel_ref: Any, bias_ref: Any, t: int) -> jax.Array:
    channels, z = kernel_ref.shape[0], bias_ref[...]
    for k in range(channels):
        z = z + _sample(x_ref, channels, t, k) * kernel_ref[k : k + 1, :]
    return z


def _sample(x_ref: Any, channels: int, t: int, k: int) -> jax.Array:
    at = t * channels + k
    return x_ref[:, at : at + 1]


def _steps(x_ref: Any, kernel_ref: Any) -> int:
    return x_ref.shape[1] // kernel_ref.shape[0]


def _forward_kernel(x_ref, kernel_ref, recurrent_ref, bias_ref, h_ref) -> None:
    state, _ = cell.first(_before_gates(x_ref, kernel_ref, bias_ref, 0))
    for t in range(1, _steps(x_ref, kernel_ref)):
        z = _before_gates(x_ref, kernel_ref, bias_ref, t) + jnp.dot(state.h, recurrent_ref[...])
        state, _ = cell.stepped(state, z)
    h_ref[...] = state.h


def _backward_kernel(
    x_ref,
    kernel_ref,
    recurrent_ref,
    bias_ref,
    dh_ref,
    d_kernel_ref,
    d_recurrent_ref,
    d_bias_ref,
    kept_ref,
) -> None:
    steps, channels = _steps(x_ref, kernel_ref), kernel_ref.shape[0]

    @pl.when(pl.program_id(0) == 0)
    def _() -> None:
        for ref in (d_kernel_ref, d_recurrent_ref, d_bias_ref):
            ref[...] = jnp.zeros_like(ref)

    def keep(t: int, state: State, gates: tuple[jax.Array, ...]) -> None:
        for k, one in enumerate((*state, *gates)):
            kept_ref[t, k] = one

    state, (i, g) = cell.first(_before_gates(x_ref, kernel_ref, bias_ref, 0))
    keep(0, state, (i, jnp.zeros_like(i), g))
    for t in range(1, steps):
        z = _before_gates(x_ref, kernel_ref, bias_ref, t) + jnp.dot(state.h, recurrent_ref[...])
        state, gates = cell.stepped(state, z)
        keep(t, state, gates)

    dh, dc = dh_ref[...], jnp.zeros_like(dh_ref)
    for t in reversed(range(steps)):
        state = State(*(kept_ref[t, k] for k in range(3)))
        gates = tuple(kept_ref[t, k] for k in range(3, _KEPT))
        through_h, dz_o = cell.received(state, dh)
        dc = dc + through_h
        before = State(*(kept_ref[t - 1, k] for k in range(3))) if t else None
        dz = cell.through(dc, dz_o, gates, jnp.zeros_like(dc) if before is None else before.c)
        for k in range(channels):
            share = jnp.sum(_sample(x_ref, channels, t, k) * dz, axis=0, keepdims=True)
            d_kernel_ref[k : k + 1, :] += share
        d_bias_ref[...] += jnp.sum(dz, axis=0, keepdims=True)
        if before is not None:
            d_recurrent_ref[...] += _product(before.h, dz, 0)
            dh, dc = _product(dz, recurrent_ref[...], 1), dc * gates[1]


def _product(left: jax.Array, right: jax.Array, axis: int) -> jax.Array:
    """Multiply two matrices over the same axis of both."""
    return lax.dot_general(left, right, (((axis,), (axis,)), ((), ())))
