"""The LSTM of short windows in one NVIDIA kernel: the state in registers from step to step.

Sixteen or more windows a program, so a run's batch is spread over several cores; each reads the
weights again, from the card's cache. Nothing but the last hidden state is written, so it serves
where no gradient is asked for. A kernel for the way back moved a third of the plain steps' bytes,
by the compiler, and on an H100 took 95 parts of 100 of a step eight times as long as theirs, this
one 2 (results/bench/h100), probably for want of registers. Written in Pallas.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jax.experimental.pallas.triton import load as fetched  # from the chip's memory

from mtloc_jax.core.lstm_cell import LstmParams

WINDOWS = 32
"""Of one program: a power of two, as all sizes in it."""
FORWARD = "lstm_triton_forward"
"""The kernel's name in a compiled program."""

_INPUT, _FORGET, _CELL, _OUTPUT = range(4)
_COMPILED = triton.CompilerParams(num_warps=8, num_stages=1)


def forward(params: LstmParams, x: jax.Array, *, interpret: bool = False) -> jax.Array:
    """Return the hidden state after the last step: x f32[B, T, C] -> f32[B, H]."""
    n, hidden = len(x), params.recurrent_kernel.shape[0]
    return pl.pallas_call(
        partial(_forward_kernel, n=n),
        jax.ShapeDtypeStruct((n, hidden), x.dtype),
        grid=(-(-n // WINDOWS),),
        in_specs=_specs(params, x),
        out_specs=pl.BlockSpec((WINDOWS, hidden), lambda block: (block, 0)),
        compiler_params=_COMPILED,
        interpret=interpret,
        name=FORWARD,
    )(_by_sample(x), *params)


def differentiable(
    plain: Callable[[LstmParams, jax.Array], jax.Array], *, interpret: bool = False
) -> Callable[[LstmParams, jax.Array], jax.Array]:
    """Return the last hidden state f32[B, H] of x f32[B, T, C]; its gradient is that of `plain`.

    plain: the same function otherwise, which goes both ways where a gradient is asked for
    interpret: for a machine without a GPU
    """

    @jax.custom_vjp
    def encode(params: LstmParams, x: jax.Array) -> jax.Array:
        return forward(params, x, interpret=interpret)

    encode.defvjp(partial(jax.vjp, plain), lambda pull, dh: pull(dh))
    return encode


def _by_sample(x: jax.Array) -> jax.Array:
    """Return x as f32[T C, B]: one reading of all windows lies together."""
    return x.reshape(len(x), -1).T


def _specs(params: LstmParams, x: jax.Array) -> list[pl.BlockSpec]:
    def whole(shape: tuple[int, ...]) -> pl.BlockSpec:
        return pl.BlockSpec(shape, lambda block: (0,) * len(shape))

    samples = pl.BlockSpec((x.shape[1] * x.shape[2], WINDOWS), lambda block: (0, block))
    return [samples, *(whole(one.shape) for one in params)]


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


def _forward_kernel(x_ref, kernel_ref, recurrent_ref, bias_ref, last_ref, *, n):
    block = _Block(x_ref, kernel_ref, recurrent_ref, bias_ref, n)

    def step(t, state):
        h, c = state
        f, i = (jax.nn.sigmoid(block.before(t, gate, h)) for gate in (_FORGET, _INPUT))
        c = f * c + i * jnp.tanh(block.before(t, _CELL, h))
        return jax.nn.sigmoid(block.before(t, _OUTPUT, h)) * jnp.tanh(c), c

    i, g, o = (block.from_input(block.first, gate) for gate in (_INPUT, _CELL, _OUTPUT))
    c = jax.nn.sigmoid(i) * jnp.tanh(g)
    first = jax.nn.sigmoid(o) * jnp.tanh(c), c
    # A loop: written out, ten steps take minutes to compile.
    h, _ = lax.fori_loop(1, block.steps, step, first)
    triton.store(last_ref, h, mask=block.there[:, None])
