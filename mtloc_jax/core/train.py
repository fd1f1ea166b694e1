"""Train one run as a pure function; the sweep maps it over runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from mtloc_jax.core import curve, dropped, lanes, optim
from mtloc_jax.core.inputs import check, scaled_xy
from mtloc_jax.core.model import Params, apply
from mtloc_jax.core.optim import frozen_branches
from mtloc_jax.core.problem import Problem
from mtloc_jax.modalities import Leaf
from mtloc_jax.optimizers import Paces
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays

_ENDLESS = np.int32(2**31 - 1)


@dataclass(frozen=True)
class Static:
    """Fix what shapes the compiled program; runs that differ in it are compiled apart.

    paces: how each leaf trains; the features of a branch that never moves are computed once
    optimizer: a name in OPTIMIZERS; schedule: one in SCHEDULES
    drops, takes: whether any run drops features, or is taken modalities; else none is
    """

    problem: Problem
    paces: Paces
    batch_size: int = 100
    optimizer: str = "rmsprop"
    schedule: str = "constant"
    drops: bool = False
    takes: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """Return the branches whose features are computed once."""
        return frozen_branches(self.paces, self.problem.branches)


class Run(NamedTuple):
    """Hold what differs between the runs of one program.

    seed: i32[], shuffles the windows; learning_rate: f32[]
    start: parameters to start from, grafted or fresh
    plan: i32[P], the windows trained on, padded; n_windows: i32[], how many of them are real
    n_steps: i32[], optimiser steps in all
    dropout: f32[], share of the joined features dropped in each step; pretraining drops none
    modality_dropout: f32[], share of the windows that each branch has nothing of in an epoch
    modality_burst: i32[], consecutive windows that lose a branch together
    """

    seed: Leaf
    learning_rate: Leaf
    start: Params
    plan: Leaf
    n_windows: Leaf
    n_steps: Leaf
    dropout: Leaf
    scaler: Scaler
    modality_dropout: Leaf = np.float32(0)
    modality_burst: Leaf = np.int32(1)


class State(NamedTuple):
    """Hold a run in progress.

    loss: f32[], the last batch's, in scaled units squared
    known: f32[N, H] of all windows, the features of each branch that never moves
    losses: of each epoch
    """

    params: Params
    moments: optax.OptState
    step: jax.Array
    loss: jax.Array
    known: dict[str, jax.Array]
    losses: curve.Falling


class Training(NamedTuple):
    """Hold the pure functions of one Static.

    begin(run, data) -> State; advance(state, run, data, stop) -> State, up to step `stop`;
    train(run, data) -> State, both to the end
    """

    begin: Callable[[Run, Arrays], State]
    advance: Callable[[State, Run, Arrays, jax.Array], State]
    train: Callable[[Run, Arrays], State]


def make_train(static: Static) -> Training:
    """Return the training functions for networks, batches and shapes as `static` says.

    A step's loss counts the real windows of its batch: the last batch of an epoch may be short.
    """
    problem, batch_size = static.problem, static.batch_size

    def optimizer(run: Run, step: jax.Array) -> optax.GradientTransformationExtraArgs:
        rate = optim.rate_at(static.schedule, run.learning_rate, step, run.n_steps)
        return optim.optimizer(static.optimizer, rate, static.paces)

    def begin(run: Run, data: Arrays) -> State:
        check(data)
        chex.assert_rank((run.plan, run.n_windows, run.n_steps), (1, 0, 0))
        known = {name: _features(problem, run, data, name) for name in static.known}
        moments = optimizer(run, jnp.int32(0)).init(run.start)
        zero, no_loss = jnp.int32(0), jnp.float32(jnp.nan)
        return State(run.start, moments, zero, no_loss, known, curve.nothing())

    def one_step(state: State, run: Run, data: Arrays, epoch, of_epoch, batch) -> State:
        order, taken = of_epoch
        # Gathered: of a slice that begins elsewhere in each run, a TPU makes a loop over runs.
        at = batch * batch_size + jnp.arange(batch_size)
        rows = order.at[at].get(mode="promise_in_bounds")
        weight = (at < run.n_windows).astype(jnp.float32)
        inputs = problem.batch(data, run.scaler, rows)
        known = {name: features[rows] for name, features in state.known.items()}
        lost = {name: of_all[rows] for name, of_all in taken.items()}
        said = (lost,) if problem.told else ()
        if static.takes and not problem.told:
            inputs, known = lax.cond(
                run.modality_dropout > 0,
                lambda: dropped.without(problem, run.scaler, state.params, lost, inputs, known),
                lambda: (dict(inputs), dict(known)),
            )
        kept: jax.Array | float = 1.0
        if static.drops and problem.width:
            shape = batch_size, problem.width
            kept = dropped.kept(run.seed, run.dropout, state.step, shape)
        target = scaled_xy(data.target[rows], run.scaler)

        def loss_of(params: Params) -> jax.Array:
            outputs = apply(problem.network, params, inputs, kept, known, *said)
            return problem.loss(outputs, target, weight)

        loss, gradient = jax.value_and_grad(loss_of)(state.params)
        updates, moments = optimizer(run, state.step).update(
            gradient, state.moments, state.params, epoch=epoch
        )
        params = optax.apply_updates(state.params, updates)
        return State(params, moments, state.step + 1, loss, state.known, state.losses)

    def advance(state: State, run: Run, data: Arrays, stop: jax.Array) -> State:
        batches = epoch_steps(run.n_windows, batch_size)
        a_point = curve.steps_a_point(run.n_steps, batches)

        def stretch(state: State) -> State:
            """Train until the first of all runs ends its epoch: none waits for another's."""
            number, first = state.step // batches, state.step % batches
            order = _shuffled(run, number, batch_size)
            taken = taken_in(run, data, number)
            left = jnp.minimum(batches - first, stop - state.step)
            together = lanes.least(jnp.where(left > 0, left, _ENDLESS))

            def step(batch: jax.Array, state: State) -> State:
                after = one_step(state, run, data, number, (order, taken), batch)
                losses = curve.added(state.losses, after.loss, state.step, a_point)
                return after._replace(losses=losses)

            state = lax.fori_loop(first, first + jnp.minimum(left, together), step, state)
            return state._replace(losses=curve.noted(state.losses, state.step, a_point))

        return lax.while_loop(lambda s: lanes.any_of(s.step < stop), stretch, state)

    def taken_in(run: Run, data: Arrays, epoch: jax.Array) -> dict[str, jax.Array]:
        if not static.takes:
            return {}
        share, burst, n = run.modality_dropout, run.modality_burst, len(data.target)
        return dropped.taken(run.seed, share, burst, epoch, n, problem.branches)

    def train(run: Run, data: Arrays) -> State:
        return advance(begin(run, data), run, data, run.n_steps)

    return Training(begin, advance, train)


def epoch_steps(n_windows: Any, batch_size: int) -> Any:
    """Return the steps of an epoch over so many windows, an integer or an array of them."""
    return -(-n_windows // batch_size)


def _shuffled(run: Run, epoch: jax.Array, batch_size: int) -> jax.Array:
    """Return the windows of one epoch in random order, real ones first, whole batches long."""
    size = -(-run.plan.shape[0] // batch_size) * batch_size
    key = jax.random.fold_in(jax.random.key(run.seed), epoch)
    draws = jax.random.uniform(key, (size,))
    order = jnp.argsort(jnp.where(jnp.arange(size) < run.n_windows, draws, jnp.inf))
    return run.plan[jnp.minimum(order, run.plan.shape[0] - 1)]


def _features(problem: Problem, run: Run, data: Arrays, branch: str) -> jax.Array:
    """Return a branch's features f32[N, H] of all windows, by the parameters a run starts from."""

    def encode(row: jax.Array) -> jax.Array:
        x = problem.batch(data, run.scaler, row[None])[branch]
        return apply(problem.network, run.start, branch, x, method="encode")[0]

    return lax.map(encode, jnp.arange(len(data.target)), batch_size=500)
