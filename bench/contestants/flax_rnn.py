"""Flax as its examples have it: nn.RNN, optax, a jitted step in a Python loop."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from bench import problem
from bench.problem import LEARNING_RATE
from bench.task import Task


class Branches(nn.Module):
    """MTLoc (Table I) with nn.RNN over OptimizedLSTMCell."""

    hidden: int

    @nn.compact
    def __call__(self, imu: jax.Array, mag: jax.Array, wifi: jax.Array) -> jax.Array:
        """Map scaled windows to scaled positions f32[B, 2]."""
        encoded = nn.relu(nn.Dense(self.hidden, name="fc1")(wifi))
        encoded = nn.relu(nn.Dense(self.hidden, name="fc2")(encoded))
        last = [
            jnp.asarray(nn.RNN(nn.OptimizedLSTMCell(self.hidden, name=name))(x))[:, -1]
            for name, x in (("imu", imu), ("mag", mag))
        ]
        joined = jnp.concatenate([encoded, *last], axis=1)
        return nn.Dense(2, name="fc4")(nn.relu(nn.Dense(self.hidden, name="fc3")(joined)))


def _cell(tree: dict) -> dict:
    """Return an LSTM's weights as OptimizedLSTMCell names them."""
    cell: dict = {}
    for at, gate in enumerate("ifgo"):
        kernel, recurrent, bias = (
            np.split(tree[name], 4, axis=-1)[at] for name in ("kernel", "recurrent_kernel", "bias")
        )
        cell |= {f"i{gate}": {"kernel": kernel}, f"h{gate}": {"kernel": recurrent, "bias": bias}}
    return cell


class FlaxRnn:
    """Train one run."""

    def __init__(self, task: Task) -> None:
        """Put the data on the device."""
        data = problem.arrays(task.shape)
        scaled = problem.scaled(data, problem.scaler(data))
        self._task = task
        self._x = jax.device_put(tuple(vars(scaled).values()))
        self._batches = jax.device_put(np.load(task.batches_path())[task.first_run])
        self._optimiser = optax.rmsprop(LEARNING_RATE, decay=0.9, eps=1e-7, eps_in_sqrt=False)
        self._one_step = jax.jit(self._traced_step)

    def _traced_step(self, params, moments, x, rows):
        *inputs, xy = (leaf[rows] for leaf in x)

        def mse(params):
            predicted = Branches(self._task.shape.hidden).apply({"params": params}, *inputs)
            return jnp.mean((predicted - xy) ** 2)

        loss, gradient = jax.value_and_grad(mse)(params)
        updates, moments = self._optimiser.update(gradient, moments, params)
        return optax.apply_updates(params, updates), moments, loss

    def restart(self) -> None:
        """Begin with fresh weights and moments."""
        weights = problem.start(self._task.shape, self._task.first_run)
        cells = {name: _cell(weights[name]) for name in ("imu", "mag")}
        self._params = jax.device_put(weights["wifi"] | weights["fusion"] | cells)
        self._moments, self._step = self._optimiser.init(self._params), 0

    def advance(self, steps: int) -> None:
        """Train by `steps` steps."""
        for _ in range(steps):
            rows = self._batches[self._step % len(self._batches)]
            self._params, self._moments, self._loss = self._one_step(
                self._params, self._moments, self._x, rows
            )
            self._step += 1
        jax.block_until_ready(self._params)

    def outcome(self) -> list[float]:
        """Return the last loss."""
        return [float(self._loss)]


contestant = FlaxRnn
