"""Keras 3 as its users train: compile and fit, on the JAX backend."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from keras import layers, ops

from bench import problem
from bench.problem import LEARNING_RATE
from bench.task import Task


class RMSprop(keras.optimizers.RMSprop):
    """Keep epsilon outside the root, as Keras did when the paper was written.

    Without it the losses of the contestants would part at the first step.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable."""
        velocity = self._velocities[self._get_variable_index(variable)]
        self.assign(velocity, self.rho * velocity + (1 - self.rho) * ops.square(gradient))
        step = learning_rate * gradient / (ops.sqrt(velocity) + self.epsilon)
        self.assign_sub(variable, step)


def _network(shape: problem.Shape) -> keras.Model:
    imu = layers.Input((shape.time_steps, shape.imu_channels))
    mag = layers.Input((shape.time_steps, shape.mag_channels))
    wifi = layers.Input((shape.aps,))
    encoded = layers.Dense(shape.hidden, "relu", name="fc1")(wifi)
    encoded = layers.Dense(shape.hidden, "relu", name="fc2")(encoded)
    last = [layers.LSTM(shape.hidden, name="imu")(imu), layers.LSTM(shape.hidden, name="mag")(mag)]
    joined = layers.Concatenate()([encoded, *last])
    positions = layers.Dense(2, name="fc4")(layers.Dense(shape.hidden, "relu", name="fc3")(joined))
    return keras.Model([imu, mag, wifi], positions)


class KerasFit:
    """Train one run."""

    def __init__(self, task: Task) -> None:
        """Build the network once: `fit` compiles per model."""
        data = problem.arrays(task.shape)
        self._task = task
        self._x = list(vars(problem.scaled(data, problem.scaler(data))).values())
        self._batches = np.load(task.batches_path())[task.first_run]
        self._network = _network(task.shape)
        optimizer = RMSprop(learning_rate=LEARNING_RATE, rho=0.9, epsilon=1e-7)
        self._network.compile(optimizer, loss="mse")
        optimizer.build(self._network.trainable_variables)

    def restart(self) -> None:
        """Begin with fresh weights and moments."""
        weights = problem.start(self._task.shape, self._task.first_run)
        trees = weights["wifi"] | weights["fusion"] | {k: weights[k] for k in ("imu", "mag")}
        for name, tree in trees.items():
            self._network.get_layer(name).set_weights(list(tree.values()))
        for variable in self._network.optimizer.variables[2:]:  # after the step and learning rate
            variable.assign(np.zeros(variable.shape, np.float32))
        self._step = 0

    def advance(self, steps: int) -> None:
        """Train by `steps` steps: one call of fit on batches in their order."""
        numbers = (self._step + np.arange(steps)) % len(self._batches)
        rows = self._batches[numbers].ravel()
        *inputs, xy = (x[rows] for x in self._x)
        history = self._network.fit(
            inputs, xy, batch_size=self._task.shape.batch, shuffle=False, verbose=0
        )
        self._loss, self._step = history.history["loss"][-1], self._step + steps

    def outcome(self) -> list[float]:
        """Return the mean loss of the last call."""
        return [float(self._loss)]


contestant = KerasFit
