"""What a filter assumes of a walk and of fixes: a state, how it moves, what a fix says of it.

The state is x, y, the heading bias, the log of the stride scale, and two numbers that errors of
fixes have in common. Neighbouring scans are wrong in the same direction: their errors correlate
by some 0.8, and decay with metres walked and with time. A filter that takes them as independent
believes ten scans of one spot ten times. Hence a fix is

    where the phone was + sigma (sqrt(shared) u + sqrt(1 - shared) w),

u an autoregressive process of unit variance in the state, w white with Student's tails
(coloured noise: Bryson and Henrikson, Estimation Using Sampled Data Containing Sequentially
Correlated Noise, 1968). A fix is about where the phone was when it was heard: it is compared with
the position less the displacement since, turned and scaled as the state says.

Where no motion is known, a velocity to find takes the place of heading bias and stride scale: it
decays to nothing while a phone turns. A random walk instead lags behind, and holding beats it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.modalities import Leaf
from mtloc_jax.tracking.ticks import Fix, Ticks

STATE = 6
# Columns of the state, written as products with constants: a compiler is quicker with these than
# with entries set one by one.
PLACE, SHARED = np.eye(STATE)[:2], np.eye(STATE)[4:]
BIAS, SCALE = VELOCITY = np.eye(STATE)[2:4]
ACROSS = np.array([[0.0, -1.0], [1.0, 0.0]])


class Model(NamedTuple):
    """Hold what a filter assumes; numbers, which may be traced, learnt and batched.

    prior:       factor on the prior's sd. Above 1: experts choose among surveyed places, so that
                 first fixes hold the prior already, and were drawn to the survey's middle twice
    fix_var:     factor on the variance that experts state of their fixes
    shared:      share of it that neighbouring fixes have in common, 0..1
    shared_m, shared_s: metres walked and seconds over which that decays to 1/e
    tail:        1 / degrees of freedom of the rest; 0: Gaussian
    moved_var:   factor on the variance that is stated of moves
    bias_rad, scale: sd of heading bias and log stride scale, walk by walk
    bias_walk_rad, scale_walk: what a second adds to them, sd
    speed_m_per_s: sd of either coordinate of the velocity, where no motion is known
    turning_s:   seconds over which that decays to 1/e
    wander_m2_per_s: what a second adds to a position besides, where no motion is known
    """

    prior: float = 4.0
    fix_var: float = 3.0
    shared: float = 0.5
    shared_m: float = 50.0
    shared_s: float = 20.0
    tail: float = 0.1
    moved_var: float = 1.0
    bias_rad: float = 0.24
    scale: float = 0.05
    bias_walk_rad: float = 0.02
    scale_walk: float = 0.005
    speed_m_per_s: float = 1.6
    turning_s: float = 20.0
    wander_m2_per_s: float = 0.5


def first_variances(model: Model, sd_m: Leaf, known: Leaf) -> jax.Array:
    """Return how uncertain a state f[6] is before a walk, whose prior is as wide as `sd_m`.

    known: f[], 1 where the phone's motion is known, else 0
    """
    turned = model.bias_rad**2 * BIAS + model.scale**2 * SCALE
    moving = model.speed_m_per_s**2 * VELOCITY.sum(axis=0)
    always = jnp.add((model.prior * sd_m) ** 2 * PLACE.sum(axis=0), SHARED.sum(axis=0))
    return always + jnp.where(known > 0, turned, moving)


def motion(model: Model, mean: jax.Array, tick: Ticks) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return a tick's displacement f[2], its transition and the noise it adds f[6, 6]."""
    moved, slopes = _displaced(mean, tick.known, tick.seconds, tick.moved_m)
    walked_m = jnp.sqrt(tick.moved_m @ tick.moved_m + 1e-12)  # a root has no slope at 0
    kept = jnp.exp(-walked_m / model.shared_m - tick.seconds / model.shared_s)
    straight = jnp.where(tick.known > 0, 1.0, jnp.exp(-tick.seconds / model.turning_s))
    keeps = [PLACE.sum(axis=0), straight * VELOCITY.sum(axis=0), kept * SHARED.sum(axis=0)]
    transition = jnp.matmul(PLACE.T, slopes) + jnp.diag(sum(keeps))
    drift = model.bias_walk_rad**2 * BIAS + model.scale_walk**2 * SCALE
    turns = model.speed_m_per_s**2 * (1 - straight**2) * VELOCITY.sum(axis=0)
    noise = (
        _moved_var(model, tick.known, tick.seconds, tick.moved_var) * PLACE.sum(axis=0)
        + jnp.where(tick.known > 0, tick.seconds * drift, turns)
        + (1 - kept**2) * SHARED.sum(axis=0)
    )
    return moved, transition, jnp.diag(noise)


def _displaced(
    mean: jax.Array, known: Leaf, seconds: Leaf, moved_m: Leaf
) -> tuple[jax.Array, jax.Array]:
    """Return a displacement as a state sees it f[2], and its derivative f[2, 6].

    A known one, `moved_m`, is turned and scaled; an unknown one is velocity times `seconds`.
    """
    bias, scale = mean @ BIAS, mean @ SCALE
    across_m = jnp.matmul(ACROSS, moved_m)
    turned = jnp.exp(scale) * (jnp.cos(bias) * moved_m + jnp.sin(bias) * across_m)
    by_turning = jnp.outer(ACROSS @ turned, BIAS) + jnp.outer(turned, SCALE)
    by_speed = jnp.multiply(seconds, VELOCITY)
    moved = jnp.where(known > 0, turned, by_speed @ mean)
    return moved, jnp.where(known > 0, by_turning, by_speed)


def _moved_var(model: Model, known: Leaf, seconds: Leaf, moved_var: Leaf) -> jax.Array:
    return jnp.where(known > 0, model.moved_var * moved_var, model.wander_m2_per_s * seconds)


def reading(
    model: Model, mean: jax.Array, known: Leaf, fix: Fix
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return what a state expects of a fix f[2], its derivative f[2, 6], and the white variance."""
    since, slopes = _displaced(mean, known, fix.since_s, fix.since_m)
    # A root has no slope at 0, and there are fixes that only fill up.
    var = jnp.where(fix.weight > 0, model.fix_var * fix.fix_var, 1.0)
    both = jnp.add(PLACE, jnp.sqrt(model.shared * var) * SHARED)
    white = (1 - model.shared) * var + _moved_var(model, known, fix.since_s, fix.since_var)
    return both @ mean - since, both - slopes, white
