"""Train one run as a pure function; the sweep maps it over runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import lax

from mtloc_jax.core import optim
from mtloc_jax.core.inputs import scaled, scaled_imu, scaled_xy
from mtloc_jax.core.model import FUSED, ImuRegressor, MTLoc, Params, apply
from mtloc_jax.sites.scaling import Leaf, Scaler
from mtloc_jax.sites.site import Arrays

ImuFeatures = Literal["every_step", "while_frozen", "once"]
_NO_EPOCH = 2**32 - 1  # sets dropout's random numbers apart from those that shuffle epochs


@dataclass(frozen=True)
class Static:
    """Fix what shapes the compiled program; runs that differ in it are compiled apart.

    network: MTLoc or ImuRegressor
    imu_features: when the IMU branch's features are computed: "every_step"; "while_frozen", once
        for as long as the run's branch is frozen, for mapped runs (under vmap both ways would be
        computed); "once", for runs that never thaw it
    """

    network: nn.Module
    batch_size: int = 100
    imu_features: ImuFeatures = "every_step"


class Run(NamedTuple):
    """Hold what differs between the runs of one program.

    seed: i32[], shuffles the windows; learning_rate: f32[]
    start: parameters to start from, grafted or fresh
    plan: i32[P], the windows trained on, padded; n_windows: i32[], how many of them are real
    n_steps: i32[], optimiser steps in all
    dropout: f32[], share of the joined features dropped in each step; pretraining drops none
    gates: how each leaf of `start` trains
    """

    seed: Leaf
    learning_rate: Leaf
    start: Params
    plan: Leaf
    n_windows: Leaf
    n_steps: Leaf
    dropout: Leaf
    scaler: Scaler
    gates: optim.Gates


class State(NamedTuple):
    """Hold a run in progress.

    loss: f32[], the last batch's, in scaled units squared
    imu_features: f32[N, H] of all windows where the branch is frozen and shared, else empty or 0
    """

    params: Params
    moments: optax.OptState
    step: jax.Array
    loss: jax.Array
    imu_features: jax.Array


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

    The loss is the mean squared error of scaled coordinates (Section IV-B), over the real windows
    of a batch: the last batch of an epoch may be short.
    """
    network, batch_size = static.network, static.batch_size

    def predictor(state: State, run: Run, data: Arrays, known: bool, rows: jax.Array):
        """Return the function from parameters to scaled positions of a step's windows."""
        if isinstance(network, ImuRegressor):
            return lambda params: apply(network, params, scaled_imu(data, run.scaler, rows))
        kept = _kept(run, state.step, (batch_size, len(FUSED) * network.hidden))
        inputs = scaled(data, run.scaler, rows)
        if not known:
            return lambda params: apply(network, params, *inputs, kept)
        fused = (state.imu_features[rows], inputs.mag, inputs.wifi, kept)
        return lambda params: apply(network, params, *fused, method=MTLoc.fuse)

    def loss_and_gradient(state: State, run: Run, data: Arrays, known: bool, rows, weight):
        target = scaled_xy(data.xy_m[rows], run.scaler)
        predicted = predictor(state, run, data, known, rows)

        def mse(params: Params) -> jax.Array:
            squares = (predicted(params) - target) ** 2
            return jnp.sum(weight[:, None] * squares) / (2 * jnp.sum(weight))

        return jax.value_and_grad(mse)(state.params)

    def begin(run: Run, data: Arrays) -> State:
        features = jnp.zeros((0, 0))
        if static.imu_features == "while_frozen":
            features = lax.cond(
                _imu_trains(run, jnp.int32(0)),
                lambda: jnp.zeros((data.imu.shape[0], network.hidden)),
                lambda: _frozen_features(network, run, data),
            )
        elif static.imu_features == "once":
            features = _frozen_features(network, run, data)
        moments = optim.rmsprop(run.learning_rate).init(run.start)
        return State(run.start, moments, jnp.int32(0), jnp.float32(jnp.nan), features)

    def one_step(state: State, run: Run, data: Arrays, known: bool, epoch, order, batch):
        rows = lax.dynamic_slice_in_dim(order, batch * batch_size, batch_size)
        weight = (batch * batch_size + jnp.arange(batch_size) < run.n_windows).astype(jnp.float32)
        loss, gradient = loss_and_gradient(state, run, data, known, rows, weight)
        updates, moments = optim.rmsprop(run.learning_rate).update(
            optim.gated(gradient, run.gates, epoch), state.moments, state.params
        )
        params = optax.apply_updates(state.params, optim.paced(updates, run.gates))
        return State(params, moments, state.step + 1, loss, state.imu_features)

    def advance(state: State, run: Run, data: Arrays, stop: jax.Array) -> State:
        batches = (run.n_windows + batch_size - 1) // batch_size

        def epoch(state: State) -> State:
            number, first = state.step // batches, state.step % batches
            order = _shuffled(run, number, batch_size)
            last = jnp.minimum(batches, first + stop - state.step)

            def steps(known: bool, state: State) -> State:
                def step(batch: jax.Array, state: State) -> State:
                    return one_step(state, run, data, known, number, order, batch)

                return lax.fori_loop(first, last, step, state)

            if static.imu_features != "while_frozen":
                return steps(static.imu_features == "once", state)
            # Chosen once an epoch: a choice in every step would copy all gradients.
            imu_trains = _imu_trains(run, number)
            return lax.cond(imu_trains, partial(steps, False), partial(steps, True), state)

        return lax.while_loop(lambda s: s.step < stop, epoch, state)

    def train(run: Run, data: Arrays) -> State:
        return advance(begin(run, data), run, data, run.n_steps)

    return Training(begin, advance, train)


def _shuffled(run: Run, epoch: jax.Array, batch_size: int) -> jax.Array:
    """Return the windows of one epoch in random order, real ones first, whole batches long."""
    size = -(-run.plan.shape[0] // batch_size) * batch_size
    key = jax.random.fold_in(jax.random.key(run.seed), epoch)
    draws = jax.random.uniform(key, (size,))
    order = jnp.argsort(jnp.where(jnp.arange(size) < run.n_windows, draws, jnp.inf))
    return run.plan[jnp.minimum(order, run.plan.shape[0] - 1)]


def _kept(run: Run, step: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Return what a step multiplies features by: 0 where dropped, else so that their mean stays."""

    def drawn() -> jax.Array:
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(run.seed), _NO_EPOCH), step)
        share = 1 - run.dropout
        return jnp.where(jax.random.uniform(key, shape) < share, 1 / share, 0.0)

    return lax.cond(run.dropout > 0, drawn, lambda: jnp.ones(shape))  # draws are dear on CPU


def _frozen_features(network: nn.Module, run: Run, data: Arrays) -> jax.Array:
    """Return the IMU features f32[N, H] of all windows, by the parameters a run starts from."""

    def encode(imu: jax.Array) -> jax.Array:
        x = (imu - run.scaler.imu_mean) / run.scaler.imu_std
        return apply(network, run.start, "imu", x[None], method=MTLoc.encode)[0]

    return lax.map(encode, data.imu, batch_size=500)


def _imu_trains(run: Run, epoch: jax.Array) -> jax.Array:
    """Say whether any leaf of the IMU branch trains in an epoch; one that did never freezes."""
    return jnp.any(jnp.stack(jax.tree.leaves(optim.opened(run.gates, epoch)["imu"])))
