"""Freeze plans: which leaves train, how fast and from which epoch, by the paths grafts use.

A plan becomes labels of one optimiser (exact, no moments for frozen leaves), or gates: numbers
that may differ between the runs of one compiled program, where labels may not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtloc_jax.core.optim import Gates
from mtloc_jax.errors import InputError
from mtloc_jax.surgery.owners import listed, owners
from mtloc_jax.surgery.tree import Tree, leaves, nest


@dataclass(frozen=True)
class Train:
    """Train the leaves under `target`, at `rate` times the learning rate, from an epoch on."""

    target: str
    rate: float = 1.0
    from_epoch: int = 0

    def narrowed(self, target: str) -> "Train":
        """Return this rule for a subtree of what it matches."""
        return replace(self, target=target)

    def __str__(self) -> str:
        rate = "" if self.rate == 1 else f", rate={self.rate:g}"
        first = f", from_epoch={self.from_epoch}" if self.from_epoch else ""
        return f'Train("{self.target}"{rate}{first})'


@dataclass(frozen=True)
class Freeze:
    """Never move the leaves under `target`."""

    target: str

    def narrowed(self, target: str) -> "Freeze":
        """Return this rule for a subtree of what it matches."""
        return Freeze(target)

    def __str__(self) -> str:
        return f'Freeze("{self.target}")'


Plan = Sequence[Train | Freeze]


def by_leaf(plan: Plan, params: Tree) -> dict[str, Train | Freeze]:
    """Return the one rule of every leaf, by path.

    Raises InputError, with the corrected plan, where a leaf has no rule or two, a rule matches
    nothing, or a rate or epoch is negative.
    """
    for rule in plan:
        if isinstance(rule, Train) and not (rule.rate > 0 and rule.from_epoch >= 0):
            raise InputError(
                f"{rule} has a rate that is not positive or a negative epoch",
                remedy=f"write {Freeze(rule.target)} to freeze it",
            )
    return owners(
        leaves(params),
        plan,
        lambda parts: f"add {listed(map(Freeze, parts))} or {listed(map(Train, parts))}",
    )


def optimizer(
    plan: Plan,
    params: Tree,
    base: Callable[[], optax.GradientTransformation],
    steps_per_epoch: int,
) -> optax.GradientTransformation:
    """Return `base()` under a plan: one label for each kind of rule, frozen leaves without moments.

    Raises InputError as `by_leaf` does.
    """
    rules = by_leaf(plan, params)
    kinds = {_kind(rule): rule for rule in rules.values()}
    labels = nest({path: _kind(rule) for path, rule in rules.items()})
    return optax.multi_transform(
        {kind: _by_rule(rule, base, steps_per_epoch) for kind, rule in kinds.items()}, labels
    )


def gates(plan: Plan, params: Tree) -> Gates:
    """Return a plan as gates; runs with different plans stack.

    Raises InputError as `by_leaf` does.
    """
    rules = by_leaf(plan, params)
    rate = {path: r.rate if isinstance(r, Train) else 0.0 for path, r in rules.items()}
    first = {path: r.from_epoch if isinstance(r, Train) else 0 for path, r in rules.items()}
    return Gates(
        nest({path: np.float32(value) for path, value in rate.items()}),
        nest({path: np.int32(value) for path, value in first.items()}),
    )


def _kind(rule: Train | Freeze) -> str:
    if isinstance(rule, Freeze):
        return "freeze"
    return f"train x{rule.rate:g} from epoch {rule.from_epoch}"


def _by_rule(
    rule: Train | Freeze, base: Callable[[], optax.GradientTransformation], steps_per_epoch: int
) -> optax.GradientTransformation:
    if isinstance(rule, Freeze):
        return optax.set_to_zero()
    return optax.chain(
        _from_step(rule.from_epoch * steps_per_epoch), base(), optax.scale(rule.rate)
    )


def _from_step(first: int) -> optax.GradientTransformation:
    """Return a transformation that zeroes gradients before a step: no moments gather until then."""

    def update(gradient, step, params=None):
        out = jax.tree.map(lambda g: jnp.where(step >= first, g, jnp.zeros_like(g)), gradient)
        return out, step + 1

    return optax.GradientTransformation(lambda params: jnp.int32(0), update)
