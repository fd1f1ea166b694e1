"""One step of an LSTM and its gradient, formulas alone: what every way of going through a window
shares."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp


class LstmParams(NamedTuple):
    """Hold one LSTM layer: gate order input, forget, cell, output; ONE bias vector.

    kernel: f32[C, 4H]; recurrent_kernel: f32[H, 4H]; bias: f32[4H]
    """

    kernel: jax.Array
    recurrent_kernel: jax.Array
    bias: jax.Array


class State(NamedTuple):
    """Hold what a step leaves, all f32[B, H]: the cell, the output gate, the cell's tanh."""

    c: jax.Array
    o: jax.Array
    tanh_c: jax.Array

    @property
    def h(self) -> jax.Array:
        """Return the hidden state. It is not kept: a product is cheaper than its memory."""
        return self.o * self.tanh_c


def gates(z: jax.Array) -> tuple[jax.Array, ...]:
    """Return input, forget, cell and output gate f32[B, H] of pre-activations f32[B, 4H]."""
    i, f, g, o = jnp.split(z, 4, axis=-1)
    return jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)


def first(z: jax.Array) -> tuple[State, tuple[jax.Array, jax.Array]]:
    """Return the state after the first step, and its input and cell gates."""
    i, _, g, o = gates(z)
    return State(i * g, o, jnp.tanh(i * g)), (i, g)


def stepped(before: State, z: jax.Array) -> tuple[State, tuple[jax.Array, ...]]:
    """Return the state after a step, and the gates that the backward pass needs."""
    i, f, g, o = gates(z)
    c = f * before.c + i * g
    return State(c, o, jnp.tanh(c)), (i, f, g)


def received(state: State, dh: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return what reaches a state's cell and its output gate's pre-activation through h."""
    return dh * state.o * (1 - state.tanh_c**2), dh * state.tanh_c * state.o * (1 - state.o)


def of_gates(
    dc: jax.Array, of_step: Sequence[jax.Array], c_before: jax.Array
) -> tuple[jax.Array, ...]:
    """Return the gradients f32[B, H] before the input, forget and cell gate of a step."""
    i, f, g = of_step
    return dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g**2)


def through(
    dc: jax.Array, dz_o: jax.Array, of_step: Sequence[jax.Array], c_before: jax.Array
) -> jax.Array:
    """Return one step's pre-activation gradients f32[B, 4H]."""
    return jnp.concatenate([*of_gates(dc, of_step, c_before), dz_o], axis=-1)
