"""The last hidden state of an LSTM, with a gradient written for speed.

On CPU the products run at the machine's rate; what is left to save is memory traffic around them.
So the forward pass keeps as little as the backward pass can do with, and that one adds each step's
share to the kernels' gradients at once instead of keeping all pre-activation gradients. The first
step has no recurrent product because the state starts at zero.

An accelerator pays for a loop: each of its turns starts kernels, and writes into and reads back
from the buffers that it carries. There the steps of a short window are written one after the other,
and what a step keeps stays where it was made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.core import lstm_cell as cell
from mtloc_jax.core.lstm_cell import LstmParams, State
from mtloc_jax.core.product import transposed_product
from mtloc_jax.errors import InputError

UNROLLED_STEPS = 16
"""The longest window whose steps are written out: a program grows with them, as does the time that
it takes to compile."""
FUSED_HIDDEN = (64, 128)
"""Hidden units of fused kernels: a state fits its core."""
NARROW = 8
"""The most channels that are projected one by one: a product over so few is all overhead."""
_for_cpus = ContextVar("for_cpus", default=False)


@contextmanager
def for_cpus_alone() -> Iterator[None]:
    """Trace for no other platform than CPUs: what others would do is not written out in vain."""
    before = _for_cpus.set(True)
    try:
        yield
    finally:
        _for_cpus.reset(before)


def last_hidden(params: LstmParams, x: jax.Array, recurrence: str = "plain") -> jax.Array:
    """Return the hidden state after the last step: x f32[B, T, C] -> f32[B, H].

    recurrence: as settings.recurrence. "fused" has TPUs go through the window in one kernel forward
        and one backward; others do as in "plain"
    Raises InputError where no fused kernel takes the sizes.
    """
    if recurrence == "fused":
        _check_fused(params, x)
    if x.shape[1] > UNROLLED_STEPS or _for_cpus.get():
        return looped(params, x)
    # By the platform that is compiled for, which need not be the one that compiles.
    if recurrence == "fused":
        # Asked for by few, and loading the compiler's front end takes most of a second.
        from mtloc_jax.core import lstm_mosaic

        return lax.platform_dependent(
            params,
            x,
            cpu=looped,
            tpu=lstm_mosaic.differentiable(unrolled),
            default=unrolled,
        )
    return lax.platform_dependent(params, x, cpu=looped, default=unrolled)


def _check_fused(params: LstmParams, x: jax.Array) -> None:
    hidden, steps = params.recurrent_kernel.shape[0], x.shape[1]
    if hidden not in FUSED_HIDDEN or not 1 < steps <= UNROLLED_STEPS:
        raise InputError(
            f"no fused recurrence of {hidden} hidden units goes through {steps} samples",
            remedy="set --config.recurrence=plain; fused ones have "
            f"{' or '.join(map(str, FUSED_HIDDEN))} units, windows 2 to {UNROLLED_STEPS} samples",
        )


def last_hidden_plain(params: LstmParams, x: jax.Array) -> jax.Array:
    """Return the same as `last_hidden`, step by step: the reference it is tested against."""
    hidden = params.recurrent_kernel.shape[0]
    zeros = jnp.zeros((x.shape[0], hidden), x.dtype)

    def step(state, x_t):
        h, c = state
        z = x_t @ params.kernel + h @ params.recurrent_kernel + params.bias
        i, f, g, o = cell.gates(z)
        c = f * c + i * g
        return (o * jnp.tanh(c), c), None

    (h, _), _ = lax.scan(step, (zeros, zeros), jnp.swapaxes(x, 0, 1))
    return h


def _with_ones(x_t: jax.Array) -> jax.Array:
    """Return x_t f32[B, C] and a column of ones: the bias is the kernel's last row."""
    return jnp.concatenate([x_t, jnp.ones((x_t.shape[0], 1), x_t.dtype)], axis=-1)


@jax.custom_vjp
def looped(params: LstmParams, x: jax.Array) -> jax.Array:
    """Return `last_hidden` by a loop over steps."""
    return _forward_looped(params, x)[0]


def _forward_looped(params: LstmParams, x: jax.Array):
    # A window has few channels: projecting them inside the recurrence costs less than writing and
    # reading back a projection of all steps, four times as wide as the state.
    def projected(x_t):
        return x_t @ params.kernel + params.bias

    def step(before: State, x_t):
        after, gates = cell.stepped(before, projected(x_t) + before.h @ params.recurrent_kernel)
        return after, (before, gates)

    x_by_step = jnp.swapaxes(x, 0, 1)
    first, (i, g) = cell.first(projected(x_by_step[0]))
    last, later = lax.scan(step, first, x_by_step[1:])
    return last.h, (params, x_by_step, (i, g), last, later)


def _backward_looped(residual, dh):
    params, x_by_step, (i, g), last, later = residual

    def through(dc, dz_o, gates, c_before, x_t):
        dz = cell.through(dc, dz_o, gates, c_before)
        return dz, transposed_product(_with_ones(x_t), dz)

    def step(carry, of_step):
        (dc, dz_o), (d_recurrent, d_inputs) = carry
        (before, gates), x_t = of_step
        dz, share = through(dc, dz_o, gates, before.c, x_t)
        dc_before, dz_o = cell.received(before, dz @ params.recurrent_kernel.T)
        sums = d_recurrent + transposed_product(before.h, dz), d_inputs + share
        return ((dc * gates[1] + dc_before, dz_o), sums), dz @ params.kernel.T

    inputs, outputs = params.kernel.shape
    none_yet = jnp.zeros_like(params.recurrent_kernel), jnp.zeros((inputs + 1, outputs), dh.dtype)
    carry, dx = lax.scan(
        step, (cell.received(last, dh), none_yet), (later, x_by_step[1:]), reverse=True
    )
    received, (d_recurrent, d_inputs) = carry
    none = jnp.zeros_like(dh)  # the first step has no cell before it to forget
    dz, share = through(*received, (i, none, g), none, x_by_step[0])
    d_inputs = d_inputs + share
    dx = jnp.concatenate([(dz @ params.kernel.T)[None], dx])
    return LstmParams(d_inputs[:-1], d_recurrent, d_inputs[-1]), jnp.swapaxes(dx, 0, 1)


looped.defvjp(_forward_looped, _backward_looped)


@jax.custom_vjp
def unrolled(params: LstmParams, x: jax.Array) -> jax.Array:
    """Return `last_hidden` by steps one after the other, without a loop."""
    return _forward_unrolled(params, x)[0]


def _forward_unrolled(params: LstmParams, x: jax.Array):
    def projected(x_t):
        if x.shape[-1] > NARROW:
            return x_t @ params.kernel + params.bias
        rows = (x_t[:, k, None] * params.kernel[k] for k in range(x.shape[-1]))
        return sum(rows, params.bias)

    state, (i, g) = cell.first(projected(x[:, 0]))
    later = []
    for t in range(1, x.shape[1]):
        after, gates = cell.stepped(state, projected(x[:, t]) + state.h @ params.recurrent_kernel)
        later.append((state, gates))
        state = after
    return state.h, (params, x, (i, g), state, later)


def _backward_unrolled(residual, dh):
    params, x, (i, g), last, later = residual
    d_recurrent = jnp.zeros_like(params.recurrent_kernel)
    dc, dz_o = cell.received(last, dh)
    dz_by_step = []
    for before, gates in reversed(later):
        dz = cell.through(dc, dz_o, gates, before.c)
        dz_by_step.append(dz)
        d_recurrent = d_recurrent + transposed_product(before.h, dz)
        dc_before, dz_o = cell.received(before, dz @ params.recurrent_kernel.T)
        dc = dc * gates[1] + dc_before
    none = jnp.zeros_like(dh)  # the first step has no cell before it to forget
    dz_by_step.append(cell.through(dc, dz_o, (i, none, g), none))
    dz_by_step.reverse()
    shares = [transposed_product(_with_ones(x[:, t]), dz) for t, dz in enumerate(dz_by_step)]
    d_inputs = sum(shares[1:], shares[0])
    dx = jnp.stack([dz @ params.kernel.T for dz in dz_by_step], axis=1)
    return LstmParams(d_inputs[:-1], d_recurrent, d_inputs[-1]), dx


unrolled.defvjp(_forward_unrolled, _backward_unrolled)
