"""RMSprop as Keras has it, and the gates that freeze, slow down and thaw leaves of a run."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from mtloc_jax.core.model import Params


class Gates(NamedTuple):
    """Hold how each leaf of a network trains; trees of its shape, one number a leaf.

    rate: f32[], multiplies the learning rate, 0 where frozen; from_epoch: i32[], still before it

    Gates are numbers, so that they may differ between the runs of one program.
    """

    rate: Any
    from_epoch: Any


def rmsprop(learning_rate: float | jax.Array) -> optax.GradientTransformation:
    """Return RMSprop with Keras's decay 0.9 and epsilon 1e-7 outside the root (Table IV).

    The learning rate may be traced, so that it can be an axis of a sweep.
    """
    return optax.rmsprop(learning_rate, decay=0.9, eps=1e-7, eps_in_sqrt=False)


def opened(gates: Gates, epoch: jax.Array) -> Any:
    """Return which leaves train in an epoch, a tree of bool[]; epoch: i32[] from 0."""
    return jax.tree.map(lambda rate, first: (rate > 0) & (epoch >= first), *gates)


def gated(gradient: Params, gates: Gates, epoch: jax.Array) -> Params:
    """Zero the gradient of leaves that do not train in this epoch.

    The gradient and not the update: a leaf that thaws later starts with fresh moments, as it would
    if nothing had been computed for it before. By selection: a product with 0 would keep NaN.
    """
    return jax.tree.map(
        lambda g, is_open: jnp.where(is_open, g, jnp.zeros_like(g)), gradient, opened(gates, epoch)
    )


def paced(updates: Params, gates: Gates) -> Params:
    """Multiply the updates of each leaf by its rate."""
    return jax.tree.map(lambda update, rate: update * rate, updates, gates.rate)
