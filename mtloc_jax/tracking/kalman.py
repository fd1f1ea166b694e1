"""A Kalman filter over a walk and its smoother: position, heading, stride, what fixes share.

The state is x, y, the heading bias, the log of the stride scale, and two numbers that errors of
fixes have in common. Neighbouring scans are wrong in the same direction: their errors correlate
by some 0.8, and decay with metres walked and with time. A filter that takes them as independent
believes ten scans of one spot ten times, and holding the newest scan beats it. Hence a fix is

    where the phone was + sigma (sqrt(shared) u + sqrt(1 - shared) w),

u an autoregressive process of unit variance in the state, w white with Student's tails
(coloured noise: Bryson and Henrikson, Estimation Using Sampled Data Containing Sequentially
Correlated Noise, 1968). A fix is about where the phone was when it was heard: it is compared with
the position less the displacement since, turned and scaled as the state says.

The smoother is Rauch, Tung and Striebel's in the form of Bryson and Frazier: it inverts nothing
but the 2 x 2 covariances of innovations, so that tiny variances do no harm in float32.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mtloc_jax.tracking.ticks import SLOTTED, Fix, Ticks

STATE = 6
# Columns of the state, written as products with constants: a compiler is quicker with these than
# with entries set one by one.
PLACE, SHARED = np.eye(STATE)[:2], np.eye(STATE)[4:]
BIAS, SCALE = np.eye(STATE)[2:4]
ACROSS = np.array([[0.0, -1.0], [1.0, 0.0]])


class Model(NamedTuple):
    """Hold what a filter assumes; numbers, which may be traced, learnt and batched.

    fix_var:     factor on the variance that experts state of their fixes
    shared:      share of it that neighbouring fixes have in common, 0..1
    shared_m, shared_s: metres walked and seconds over which that decays to 1/e
    tail:        1 / degrees of freedom of the rest; 0: Gaussian
    moved_var:   factor on the variance that is stated of moves
    bias_rad, scale: sd of heading bias and log stride scale, walk by walk
    bias_walk_rad, scale_walk: what a second adds to them, sd
    """

    fix_var: float = 1.0
    shared: float = 0.8
    shared_m: float = 20.0
    shared_s: float = 20.0
    tail: float = 0.25
    moved_var: float = 1.0
    bias_rad: float = 0.24
    scale: float = 0.05
    bias_walk_rad: float = 0.01
    scale_walk: float = 0.002


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


def start(model: Model, sd_m: jax.Array) -> State:
    """Return the belief before a walk: at the prior's mean, give or take `sd_m`."""
    variances = sd_m**2 * PLACE.sum(axis=0) + SHARED.sum(axis=0)
    variances = variances + model.bias_rad**2 * BIAS + model.scale**2 * SCALE
    return State(jnp.zeros(STATE), jnp.diag(jnp.asarray(variances)), jnp.zeros(()))


def step(model: Model, state: State, tick: Ticks) -> tuple[State, Step]:
    """Advance by one tick (`Ticks` without the axis K): move, then take in its fixes."""
    moved, transition, noise = _motion(model, state.mean, tick)
    mean = state.mean @ (transition * np.eye(STATE)) + moved @ PLACE
    cov = _symmetric(transition @ state.cov @ transition.T + noise)
    (mean, cov), updates = lax.scan(partial(_taken_in, model), (mean, cov), tick[SLOTTED:])
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
        weight = ticks.weight * _student_weights(model, found, Fix(*ticks[SLOTTED:]))
        return (weight, 0.0 * tail, found), None

    count = len(ticks.seconds)
    nothing = jax.tree.map(lambda part: jnp.zeros((count, *part.shape), part.dtype), state)
    tail = jnp.asarray(model.tail, state.mean.dtype)
    weight = jnp.asarray(ticks.weight, state.mean.dtype)
    return lax.scan(once, (weight, tail, nothing), length=1 + reweighed)[0][2]


def _motion(model: Model, mean: jax.Array, tick: Ticks) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return a tick's displacement f[2], its transition and the noise it adds f[6, 6]."""
    moved = _turned(mean, jnp.asarray(tick.moved_m))
    walked_m = jnp.sqrt(tick.moved_m @ tick.moved_m + 1e-12)  # a root has no slope at 0
    kept = jnp.exp(-walked_m / model.shared_m - tick.seconds / model.shared_s)
    transition = jnp.matmul(PLACE.T, _slopes(moved)) + jnp.diag(1 - (1 - kept) * SHARED.sum(axis=0))
    noise = (
        model.moved_var * tick.moved_var * PLACE.sum(axis=0)
        + model.bias_walk_rad**2 * tick.seconds * BIAS
        + model.scale_walk**2 * tick.seconds * SCALE
        + (1 - kept**2) * SHARED.sum(axis=0)
    )
    return moved, transition, jnp.diag(noise)


def _turned(mean: jax.Array, moved_m: jax.Array) -> jax.Array:
    """Turn and scale a displacement f[2] as a state says."""
    bias, scale = mean @ BIAS, mean @ SCALE
    return jnp.exp(scale) * (jnp.cos(bias) * moved_m + jnp.sin(bias) * (ACROSS @ moved_m))


def _slopes(moved_m: jax.Array) -> jax.Array:
    """Return the derivative of a turned displacement f[2] by the state, f[2, 6]."""
    return jnp.outer(ACROSS @ moved_m, BIAS) + jnp.outer(moved_m, SCALE)


def _read(model: Model, mean: jax.Array, fix: Fix) -> tuple[jax.Array, jax.Array]:
    """Return what a state expects of a fix f[2], and its derivative f[2, 6]."""
    since = _turned(mean, jnp.asarray(fix.since_m))
    # A root has no slope at 0, and there are fixes that only fill up.
    spread = jnp.sqrt(jnp.where(fix.weight > 0, model.fix_var * model.shared * fix.fix_var, 1.0))
    both = jnp.add(PLACE, spread * SHARED)
    return both @ mean - since, both - _slopes(since)


def _white(model: Model, fix: Fix) -> jax.Array:
    """Return the variance of a fix that it shares with no other."""
    white = model.fix_var * (1 - model.shared) * fix.fix_var
    return jnp.add(white, model.moved_var * fix.since_var)


def _taken_in(model: Model, belief: tuple[jax.Array, jax.Array], slot: tuple):
    (mean, cov), fix = belief, Fix(*slot)
    expected, h = _read(model, mean, fix)
    there = fix.weight > 0
    y = jnp.where(there, fix.fix_m - expected, 0.0)
    white = jnp.where(there, _white(model, fix), 1.0)
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


def _student_weights(model: Model, found: State, fixes: Fix) -> jax.Array:
    """Return by how much each fix counts f[K, F], given the smoothed beliefs."""

    def one(mean: jax.Array, cov: jax.Array, fix: Fix) -> jax.Array:
        expected, h = _read(model, mean, fix)
        white = jnp.where(fix.weight > 0, _white(model, fix), 1.0)
        off = ((fix.fix_m - expected) ** 2).sum() + jnp.trace(h @ cov @ h.T)
        return (1 + 2 * model.tail) / (1 + model.tail * off / white)

    by_slot = jax.vmap(one, in_axes=(None, None, 0))
    return jax.vmap(by_slot)(found.mean, found.cov, fixes)


def _inverse(a: jax.Array) -> jax.Array:
    """Invert a positive definite f[2, 2]."""
    # Turned by a quarter on both sides: its cofactors.
    return ACROSS @ a @ ACROSS.T / (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])


def _symmetric(a: jax.Array) -> jax.Array:
    return (a + a.T) / 2
