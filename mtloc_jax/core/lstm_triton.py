"""The LSTM of short windows as two NVIDIA kernels: the state in registers from step to step.

Sixteen or more windows a program, so a run's batch is spread over several cores; each reads the
weights again, from the card's cache. Hidden state and cell of each step are kept for the gradient,
from which the backward kernel computes gates anew: a fifth of the bytes that gates take. Its
pre-activation gradients go through memory to one product of all steps, since a core cannot hold the
sum that is the recurrent kernel's gradient. Written in Pallas; compiled and interpreted, never run
on a GPU.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jax.experimental.pallas.triton import load as fetched  # from the chip's memory

from mtloc_jax.core import lstm_cell as cell
from mtloc_jax.core.lstm_cell import LstmParams, State

WINDOWS = 32
"""Of one program: a power of two, as all sizes in it."""
FORWARD, BACKWARD = "lstm_triton_forward", "lstm_triton_backward"
"""The kernels' names in a compiled program."""

_INPUT, _FORGET, _CELL, _OUTPUT = range(4)
_COMPILED = triton.CompilerParams(num_warps=8, num_stages=1)


def forward(
    params: LstmParams, x: jax.Array, *, interpret: bool = False
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return the hidden states of all steps but the last, cells of all, and the last hidden state.

    x: f32[B, T, C]; returns f32[T - 1, B, H], f32[T, B, H], f32[B, H]
    """
    steps, (n, hidden) = x.shape[1], (len(x), params.recurrent_kernel.shape[0])
    shapes = [(steps - 1, n, hidden), (steps, n, hidden), (n, hidden)]
    return pl.pallas_call(
        partial(_forward_kernel, n=n),
        [jax.ShapeDtypeStruct(shape, x.dtype) for shape in shapes],
        grid=(-(-n // WINDOWS),),
        in_specs=_specs(params, x),
        out_specs=[*map(_by_step, shapes[:2]), _rows(hidden)],
        compiler_params=_COMPILED,
        interpret=interpret,
        name=FORWARD,
    )(_by_sample(x), *params)


def backward(
    params: LstmParams,
    x: jax.Array,
    h: jax.Array,
    c: jax.Array,
    dh: jax.Array,
    *,
    interpret: bool = False,
) -> LstmParams:
    """Return the parameters' gradients for that of the last hidden state, f32[B, H].

    h, c: as `forward` returns them
    """
    steps, n, hidden = c.shape
    channels, blocks = x.shape[2], -(-n // WINDOWS)
    shapes = [(steps - 1, n, 4 * hidden), (blocks, channels, 4 * hidden), (blocks, 4 * hidden)]
    dz, kernel, bias = pl.pallas_call(
        partial(_backward_kernel, n=n),
        [jax.ShapeDtypeStruct(shape, x.dtype) for shape in shapes],
        grid=(blocks,),
        in_specs=[*_specs(params, x), _by_step(h.shape), _by_step(c.shape), _rows(hidden)],
        out_specs=[
            _by_step(shapes[0]),
            pl.BlockSpec((None, channels, 4 * hidden), lambda block: (block, 0, 0)),
            pl.BlockSpec((None, 4 * hidden), lambda block: (block, 0)),
        ],
        compiler_params=_COMPILED,
        interpret=interpret,
        name=BACKWARD,
    )(_by_sample(x), *params, h, c, dh)
    recurrent = h.reshape(-1, hidden).T @ dz.reshape(-1, 4 * hidden)
    return LstmParams(kernel.sum(0), recurrent, bias.sum(0))


def differentiable(
    plain: Callable[[LstmParams, jax.Array], jax.Array], *, interpret: bool = False
) -> Callable[[LstmParams, jax.Array], jax.Array]:
    """Return the last hidden state f32[B, H] of x f32[B, T, C], with its gradient.

    plain: the same function otherwise; the windows' gradient is its, which training never asks for
    interpret: for a machine without a GPU
    """

    @jax.custom_vjp
    def encode(params: LstmParams, x: jax.Array) -> jax.Array:
        return forward(params, x, interpret=interpret)[-1]

    def kept(params: LstmParams, x: jax.Array) -> tuple[jax.Array, Any]:
        h, c, last = forward(params, x, interpret=interpret)
        return last, (params, x, h, c)

    def gradient(residual: Any, dh: jax.Array) -> tuple[LstmParams, jax.Array]:
        params, x, h, c = residual
        _, pull = jax.vjp(partial(plain, params), x)
        return backward(params, x, h, c, dh, interpret=interpret), pull(dh)[0]

    encode.defvjp(kept, gradient)
    return encode


def _by_sample(x: jax.Array) -> jax.Array:
    """Return x as f32[T C, B]: one reading of all windows lies together."""
    return x.reshape(len(x), -1).T


def _specs(params: LstmParams, x: jax.Array) -> list[pl.BlockSpec]:
    def whole(shape: tuple[int, ...]) -> pl.BlockSpec:
        return pl.BlockSpec(shape, lambda block: (0,) * len(shape))

    samples = pl.BlockSpec((x.shape[1] * x.shape[2], WINDOWS), lambda block: (0, block))
    return [samples, *(whole(one.shape) for one in params)]


def _rows(width: int) -> pl.BlockSpec:
    return pl.BlockSpec((WINDOWS, width), lambda block: (block, 0))


def _by_step(shape: tuple[int, ...]) -> pl.BlockSpec:
    return pl.BlockSpec((shape[0], WINDOWS, shape[2]), lambda block: (0, block, 0))


def _windows(n: int) -> jax.Array:
    """Say which rows of this program are windows: bool[WINDOWS]."""
    return pl.program_id(0) * WINDOWS + jnp.arange(WINDOWS) < n


class _Block:
    """Read and write what one program has of its arrays, rows that are windows alone."""

    def __init__(self, x_ref, kernel_ref, recurrent_ref, bias_ref, n: int) -> None:
        self.x, self.kernel, self.recurrent, self.bias = x_ref, kernel_ref, recurrent_ref, bias_ref
        self.there = _windows(n)
        self.channels, self.hidden = kernel_ref.shape[0], recurrent_ref.shape[0]
        self.steps = x_ref.shape[0] // self.channels
        self.first = lax.full((), 0, jnp.int32)  # a masked read takes no plain number

    def of(self, gate: int) -> slice:
        """Return where a gate's columns are."""
        return slice(gate * self.hidden, (gate + 1) * self.hidden)

    def sample(self, t, k: int) -> jax.Array:
        """Return one channel's readings f32[WINDOWS, 1] at a step."""
        at = self.x.at[t * self.channels + k, :]
        return fetched(at, mask=self.there, other=0.0)[:, None]

    def weights(self, gate: int) -> jax.Array:
        """Return a gate's recurrent kernel f32[H, H]."""
        # Volatile, or the compiler keeps all gates' over the loop: more than a core can share.
        return fetched(self.recurrent.at[:, self.of(gate)], volatile=True)

    def from_input(self, t, gate: int) -> jax.Array:
        """Return a gate's pre-activations f32[WINDOWS, H] without what the state adds."""
        at = self.of(gate)
        z = jnp.broadcast_to(self.bias[at][None], (WINDOWS, self.hidden))
        for k in range(self.channels):
            z = z + self.sample(t, k) * self.kernel[k, at][None]
        return z

    def before(self, t, gate: int, h: jax.Array) -> jax.Array:
        """Return a gate's pre-activations f32[WINDOWS, H] after a hidden state."""
        return self.from_input(t, gate) + jnp.dot(h, self.weights(gate))

    def rows(self, ref) -> jax.Array:
        """Return rows f32[WINDOWS, N], those that are no windows zero."""
        return fetched(ref, mask=self.there[:, None], other=0.0)

    def put(self, ref, new: jax.Array) -> None:
        """Write rows f32[WINDOWS, N], those that are windows."""
        triton.store(ref, new, mask=self.there[:, None])


def _forward_kernel(x_ref, kernel_ref, recurrent_ref, bias_ref, h_ref, c_ref, last_ref, *, n):
    block = _Block(x_ref, kernel_ref, recurrent_ref, bias_ref, n)

    def step(t, state):
        h, c = state
        block.put(h_ref.at[t - 1], h)
        f, i = (jax.nn.sigmoid(block.before(t, gate, h)) for gate in (_FORGET, _INPUT))
        c = f * c + i * jnp.tanh(block.before(t, _CELL, h))
        block.put(c_ref.at[t], c)
        return jax.nn.sigmoid(block.before(t, _OUTPUT, h)) * jnp.tanh(c), c

    i, g, o = (block.from_input(block.first, gate) for gate in (_INPUT, _CELL, _OUTPUT))
    c = jax.nn.sigmoid(i) * jnp.tanh(g)
    block.put(c_ref.at[block.first], c)
    first = jax.nn.sigmoid(o) * jnp.tanh(c), c
    # A loop: written out, ten steps take minutes to compile.
    h, _ = lax.fori_loop(1, block.steps, step, first)
    block.put(last_ref, h)


def _backward_kernel(
    x_ref,
    kernel_ref,
    recurrent_ref,
    bias_ref,
    h_ref,
    c_ref,
    dh_ref,
    dz_ref,
    d_kernel_ref,
    d_bias_ref,
    *,
    n,
):
    block = _Block(x_ref, kernel_ref, recurrent_ref, bias_ref, n)
    nothing = jnp.zeros(4 * block.hidden, dz_ref.dtype)
    d_bias_ref[...] = nothing
    for k in range(block.channels):
        d_kernel_ref[k, :] = nothing

    def add(t, gate: int, dz: jax.Array) -> None:
        at = block.of(gate)
        d_bias_ref[at] += jnp.sum(dz, axis=0)
        for k in range(block.channels):
            d_kernel_ref[k, at] += jnp.sum(block.sample(t, k) * dz, axis=0)

    def step(turn, state):
        dh, dc = state
        t = block.steps - 1 - turn
        h, c, c_before = (
            block.rows(ref) for ref in (h_ref.at[t - 1], c_ref.at[t], c_ref.at[t - 1])
        )
        i, f, o = (jax.nn.sigmoid(block.before(t, gate, h)) for gate in (_INPUT, _FORGET, _OUTPUT))
        g = jnp.tanh(block.before(t, _CELL, h))
        through_h, dz_o = cell.received(State(c, o, jnp.tanh(c)), dh)
        dc = dc + through_h
        back = jnp.zeros_like(dh)
        for gate, dz in enumerate((*cell.of_gates(dc, (i, f, g), c_before), dz_o)):
            block.put(dz_ref.at[t - 1, :, block.of(gate)], dz)
            add(t, gate, dz)
            back = back + lax.dot_general(dz, block.weights(gate), (((1,), (1,)), ((), ())))
        return back, dc * f

    dh = block.rows(dh_ref)
    dh, dc = lax.fori_loop(0, block.steps - 1, step, (dh, jnp.zeros_like(dh)))
    c = block.rows(c_ref.at[block.first])
    i, o = (jax.nn.sigmoid(block.from_input(block.first, gate)) for gate in (_INPUT, _OUTPUT))
    g = jnp.tanh(block.from_input(block.first, _CELL))
    through_h, dz_o = cell.received(State(c, o, jnp.tanh(c)), dh)
    dz_i, _, dz_g = cell.of_gates(dc + through_h, (i, jnp.zeros_like(i), g), jnp.zeros_like(c))
    for gate, dz in ((_INPUT, dz_i), (_CELL, dz_g), (_OUTPUT, dz_o)):
        add(block.first, gate, dz)
