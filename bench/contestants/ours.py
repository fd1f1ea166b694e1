"""Ours: many runs in one program, as mtloc_jax.study.trainer compiles it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from bench import problem
from bench.runs import FROZEN, run, scaler, static
from bench.task import Task
from mtloc_jax.core.metrics import errors_m
from mtloc_jax.core.model import Params
from mtloc_jax.core.problem import positions_m
from mtloc_jax.core.train import Run, State, make_train
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import replicas
from mtloc_jax.surgery.freeze import ALL

_NO_END = 2**30  # steps a run may take; an idle one takes none


class Ours:
    """Train `task.runs` runs; option "frozen": with the IMU branch frozen."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet; put the data where the program will want it."""
        mesh, axis = replicas.mesh(), replicas.replica_axis()
        plan = FROZEN if task.options.get("frozen") else ALL
        training = make_train(static(task.shape, plan))

        def advance(state: State, one: Run, data_and_stop: tuple[Arrays, jax.Array]) -> State:
            data, stop = data_and_stop
            return training.advance(state, one, data, jnp.minimum(stop, one.n_steps))

        self._begin = replicas.over_runs(training.begin, mesh, axis)
        self._advance = replicas.over_runs(advance, mesh, axis, donate=True)
        self._data = replicas.placed(problem.arrays(task.shape), mesh, replicas.ALL)
        self._filled, self._mesh = _filled(task, mesh.size), mesh
        self._error_m = jax.jit(_mean_error_m(task.shape))

    def restart(self) -> None:
        """Begin all runs anew."""
        runs = replicas.placed(self._filled, self._mesh, replicas.RUNS)
        self._step, self._state = 0, self._begin(runs, self._data)
        self._runs = runs._replace(start={})  # as the trainer does: the state holds it now

    def advance(self, steps: int) -> None:
        """Train every run by `steps` steps in one call."""
        self._step += steps
        shared = (self._data, jnp.int32(self._step))
        self._state = jax.block_until_ready(self._advance(self._state, self._runs, shared))

    def outcome(self) -> list[float]:
        """Return the first run's last loss."""
        return [float(self._state.loss[0])]

    def error_m(self) -> float:
        """Return the first run's mean error, metres."""
        return float(self._error_m(replicas.take(self._state.params, 0), self._data))


def _mean_error_m(shape: problem.Shape) -> Callable[[Params, Arrays], jax.Array]:
    asked, fitted = static(shape).problem, scaler(shape)
    return lambda params, data: jnp.mean(
        errors_m(positions_m(asked, params, fitted, data), data.target)
    )


def _filled(task: Task, devices: int) -> Run:
    """Return the runs, stacked, and idle ones up to a multiple of the devices."""
    numbers = range(task.first_run, task.first_run + task.runs)
    runs = [run(task.shape, k, n_steps=_NO_END) for k in numbers]
    idle = [runs[-1]._replace(n_steps=np.int32(0))] * (-task.runs % devices)
    return replicas.stack([*runs, *idle])


contestant = Ours
