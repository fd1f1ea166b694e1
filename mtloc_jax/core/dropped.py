"""What training leaves out: joined features in a step, whole modalities in an epoch.

A run that leaves out nothing draws nothing, where it trains alone. Vectorised with others it would
draw in vain, so a program draws only where it was compiled to (`Static.drops`, `Static.takes`).
"""

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.core import missing
from mtloc_jax.core.inputs import Inputs
from mtloc_jax.core.model import Params, apply
from mtloc_jax.core.problem import Problem
from mtloc_jax.modalities import MODALITIES, Leaf
from mtloc_jax.sites.scaling import Scaler


def kept(seed: Leaf, share: Leaf, step: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Return what a step multiplies features by: 0 where dropped, else so that their mean stays.

    seed: i32[], the run's; share: f32[], of the features that are dropped
    """

    def drawn() -> jax.Array:
        # A key of its own: the one of the seed itself shuffles epochs.
        key = jax.random.fold_in(jax.random.split(jax.random.key(seed))[1], step)
        left = 1 - share
        return jnp.where(jax.random.uniform(key, shape) < left, 1 / left, 0.0)

    return lax.cond(share > 0, drawn, lambda: jnp.ones(shape))  # draws are dear on CPU


def taken(
    seed: Leaf, share: Leaf, burst: Leaf, epoch: jax.Array, n: int, branches: tuple[str, ...]
) -> dict[str, jax.Array]:
    """Return which of all windows have nothing of each branch in an epoch, bool[n].

    share: f32[], of the windows, `burst` i32[] consecutive ones together
    """

    def drawn() -> dict[str, jax.Array]:
        # A key of its own, as `kept` has.
        key = jax.random.fold_in(jax.random.split(jax.random.key(seed), 3)[2], epoch)
        return {
            name: missing.taken(jax.random.fold_in(key, number), n, share, burst)
            for number, name in enumerate(branches)
        }

    nothing = dict.fromkeys(branches, jnp.zeros(n, bool))
    return lax.cond(share > 0, drawn, lambda: nothing)


def without(
    problem: Problem,
    scaler: Scaler,
    params: Params,
    lost: dict[str, jax.Array],
    inputs: Inputs,
    known: dict[str, jax.Array],
) -> tuple[Inputs, dict[str, jax.Array]]:
    """Return inputs and known features of a batch whose lost modalities read the problem's fill.

    lost: bool[B] by modality
    """
    left, features = dict(inputs), dict(known)
    for name, gone in lost.items():
        x, blank = inputs[name], MODALITIES[name].blank(problem.fill, scaler.inputs[name])
        left[name] = missing.wiped(x, gone, blank)
        if name in known:
            empty = jnp.broadcast_to(blank, (1, *x.shape[1:]))
            of_blank = apply(problem.network, params, name, empty, method="encode")
            features[name] = missing.wiped(known[name], gone, of_blank)
    return left, features
