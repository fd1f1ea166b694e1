"""How leaves move: an optimiser of optax by name, partitioned to freeze, slow and thaw them."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import jax
import optax

from mtloc_jax.optimizers import OPTIMIZERS, SCHEDULES, Pace, Paces


def optimizer(
    name: str, learning_rate: float | jax.Array, paces: Paces
) -> optax.GradientTransformationExtraArgs:
    """Return an optimiser of OPTIMIZERS under paces; `update` needs `epoch`, i32[].

    The learning rate may be traced. The partition is outermost: frozen leaves have no moments, and
    nothing reaches them, weight decay included. A leaf that thaws later starts with fresh moments.
    """
    of_leaf = dict(paces)
    known = OPTIMIZERS.named(name)
    base = partial(getattr(optax, known.factory), learning_rate, **known.arguments)

    def label(path: tuple[Any, ...], _: Any) -> str:
        return _kind(of_leaf["/".join(key.key for key in path)])

    return optax.partition(
        {_kind(pace): _paced(pace, base()) for pace in of_leaf.values()},
        partial(jax.tree_util.tree_map_with_path, label),
    )


def rate_at(schedule: str, learning_rate: jax.Array, step: jax.Array, n_steps: jax.Array) -> Any:
    """Return the learning rate of a step under a schedule of SCHEDULES."""
    factor = SCHEDULES.named(schedule)
    if factor is None:
        return learning_rate
    return learning_rate * factor(step / jax.numpy.maximum(n_steps, 1))


def frozen_branches(paces: Paces, branches: Iterable[str]) -> tuple[str, ...]:
    """Return the branches none of whose leaves ever moves."""
    moving = {path.split("/")[0] for path, pace in paces if not pace.frozen}
    held = {path.split("/")[0] for path, _ in paces}
    return tuple(name for name in branches if name in held - moving)


def _kind(pace: Pace) -> str:
    return "frozen" if pace.frozen else f"x{pace.rate!r} from epoch {pace.from_epoch}"


def _paced(pace: Pace, base: optax.GradientTransformation) -> optax.GradientTransformation:
    if pace.frozen:
        return optax.set_to_zero()
    slowed = base if pace.rate == 1 else optax.chain(base, optax.scale(pace.rate))
    if pace.from_epoch == 0:
        return slowed
    return optax.conditionally_mask(
        slowed, lambda _, epoch: epoch >= pace.from_epoch, forward_extra_args=True
    )
