"""A Kalman filter over a walk and its smoother, under `walk_model`: pure, to be vmapped over walks.

The smoother is Rauch, Tung and Striebel's in the form of Bryson and Frazier: it inverts nothing
but the 2 x 2 covariances of innovations, so that tiny variances do no harm in float32.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.modalities import Leaf
from mtloc_jax.tracking.ticks import SLOTTED, Fix, Ticks
from mtloc_jax.tracking.walk_model import (
    ACROSS,
    PLACE,
    STATE,
    Model,
    first_variances,
    motion,
    reading,
)


class State(NamedTuple):
    """Hold what a filter believes: mean f[6], cov f[6, 6]; heard: f[], fixes so far."""

    mean: jax.Array
    cov: jax.Array
    heard: jax.Array


class Update(NamedTuple):
    """Hold what one fix did: innovation y f[2], its inverse variance f[2, 2], H and gain."""

    y: jax.Array
    precision: jax.Array
    h: jax.Array
    gain: jax.Array


class Step(NamedTuple):
    """Hold one tick of a filter: its transition f[6, 6], updates slot by slot, and the result."""

    transition: jax.Array
    updates: Update
    state: State


def start(model: Model, sd_m: Leaf, known: Leaf) -> State:
    """Return the belief before a walk: at the prior's mean, give or take `sd_m`.

    known: f[], 1 where the phone's motion is known, else 0
    """
    cov = jnp.diag(first_variances(model, sd_m, known))
    return State(jnp.zeros(STATE), cov, jnp.zeros(()))


def step(model: Model, state: State, tick: Ticks) -> tuple[State, Step]:
    """Advance by one tick (`Ticks` without the axis K): move, then take in its fixes."""
    moved, transition, noise = motion(model, state.mean, tick)
    # Its diagonal: displacements are not linear in the state.
    mean = state.mean * jnp.diag(transition) + moved @ PLACE
    cov = _symmetric(transition @ state.cov @ transition.T + noise)
    (mean, cov), updates = lax.scan(
        partial(_taken_in, model, tick.known), (mean, cov), tick[SLOTTED:]
    )
    state = State(mean, cov, state.heard + (tick.weight > 0).sum())
    return state, Step(transition, updates, state)


def filtered(model: Model, state: State, ticks: Ticks) -> tuple[State, Step]:
    """Return the last belief and all steps [K, ...] of one walk."""
    return lax.scan(partial(step, model), state, ticks)


def smoothed(steps: Step) -> State:
    """Return what all fixes of a walk say of the ends of its ticks: means, covs [K, ...]."""
    zero = jnp.zeros(STATE), jnp.zeros((STATE, STATE))
    return lax.scan(_back, zero, steps, reverse=True)[1]


def offline(model: Model, state: State, ticks: Ticks, reweighed: int = 2) -> State:
    """Return the smoothed beliefs of one walk, fixes weighed by how they fit them.

    A filter can but weigh a fix by what came before. Here Student's weights are those of the
    smoothed walk, `reweighed` times over (expectation maximisation of the t-distribution).
    """

    def once(before: tuple, _) -> tuple[tuple, None]:
        weight, tail, _ = before
        steps = filtered(model._replace(tail=tail), state, ticks._replace(weight=weight))[1]
        found = smoothed(steps)
        weight = ticks.weight * _student_weights(model, found, ticks)
        return (weight, 0.0 * tail, found), None

    count = len(ticks.seconds)
    nothing = jax.tree.map(lambda part: jnp.zeros((count, *part.shape), part.dtype), state)
    tail = jnp.asarray(model.tail, state.mean.dtype)
    weight = jnp.asarray(ticks.weight, state.mean.dtype)
    return lax.scan(once, (weight, tail, nothing), length=1 + reweighed)[0][2]


def _taken_in(
    model: Model, known: Leaf, belief: tuple[jax.Array, jax.Array], slot: tuple
) -> tuple[tuple[jax.Array, jax.Array], Update]:
    (mean, cov), fix = belief, Fix(*slot)
    expected, h, white = reading(model, mean, known, fix)
    there = fix.weight > 0
    y = jnp.where(there, fix.fix_m - expected, 0.0)
    through = h @ cov @ h.T
    plain = _inverse(through + white * jnp.eye(2))
    heavy = (1 + 2 * model.tail) / (1 + model.tail * (y @ plain @ y))
    noise = white / jnp.where(there, fix.weight * heavy, 1.0)
    precision = jnp.where(there, _inverse(through + noise * jnp.eye(2)), 0.0)
    gain = cov @ h.T @ precision
    rest = jnp.eye(STATE) - gain @ h
    # Joseph's form: it stays a covariance whatever the rounding of the gain.
    cov = rest @ cov @ rest.T + noise * gain @ gain.T
    return (mean + gain @ y, _symmetric(cov)), Update(y, precision, h, gain)


def _back(later: tuple[jax.Array, jax.Array], step: Step) -> tuple[tuple, State]:
    pull, weight = later
    mean, cov, heard = step.state
    found = State(mean - cov @ pull, _symmetric(cov - cov @ weight @ cov), heard)
    (pull, weight), _ = lax.scan(_back_through, later, step.updates, reverse=True)
    pull, weight = step.transition.T @ pull, step.transition.T @ weight @ step.transition
    return (pull, _symmetric(weight)), found


def _back_through(later: tuple[jax.Array, jax.Array], update: Update) -> tuple[tuple, None]:
    (pull, weight), (y, precision, h, gain) = later, update
    rest = jnp.eye(STATE) - gain @ h
    pull = rest.T @ pull - h.T @ precision @ y
    return (pull, rest.T @ weight @ rest + h.T @ precision @ h), None


def _student_weights(model: Model, found: State, ticks: Ticks) -> jax.Array:
    """Return by how much each fix counts f[K, F], given the smoothed beliefs."""

    def one(mean: jax.Array, cov: jax.Array, known: Leaf, fix: Fix) -> jax.Array:
        expected, h, white = reading(model, mean, known, fix)
        off = ((fix.fix_m - expected) ** 2).sum() + jnp.trace(h @ cov @ h.T)
        return (1 + 2 * model.tail) / (1 + model.tail * off / white)

    by_slot = jax.vmap(one, in_axes=(None, None, None, 0))
    return jax.vmap(by_slot)(found.mean, found.cov, ticks.known, Fix(*ticks[SLOTTED:]))


def _inverse(a: jax.Array) -> jax.Array:
    """Invert a positive definite f[2, 2]."""
    # Turned by a quarter on both sides: its cofactors.
    return ACROSS @ a @ ACROSS.T / (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])


def _symmetric(a: jax.Array) -> jax.Array:
    return (a + a.T) / 2
