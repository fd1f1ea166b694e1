"""RMSprop as Keras has it, and freezing: labels for one run, gates inside a sweep."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import optax

from mtloc_jax.core.model import Params


def rmsprop(learning_rate: float | jax.Array) -> optax.GradientTransformation:
    """Return RMSprop with Keras's decay 0.9 and epsilon 1e-7 outside the root (Table IV).

    The learning rate may be traced, so that it can be an axis of a sweep.
    """
    return optax.rmsprop(learning_rate, decay=0.9, eps=1e-7, eps_in_sqrt=False)


def frozen(
    optimizer: optax.GradientTransformation, branches: tuple[str, ...]
) -> optax.GradientTransformation:
    """Return `optimizer` with the named branches frozen: exact, and without moments for them."""

    def labels(params: Params) -> Params:
        return {branch: "freeze" if branch in branches else "train" for branch in params}

    return optax.multi_transform({"train": optimizer, "freeze": optax.set_to_zero()}, labels)


def gated(updates: Params, trainable: Mapping[str, jax.Array]) -> Params:
    """Zero the updates of branches whose gate is False.

    trainable: bool[] per branch; a branch without a gate trains. A gate may differ between the
    runs of one program, where labels may not. Zeroed by selection: a product would keep NaN.
    """

    def gate(branch: str, tree: Params) -> Params:
        if branch not in trainable:
            return tree
        return jax.tree.map(lambda u: jnp.where(trainable[branch], u, jnp.zeros_like(u)), tree)

    return {branch: gate(branch, tree) for branch, tree in updates.items()}
