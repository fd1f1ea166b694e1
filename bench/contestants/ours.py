"""Ours: many runs in one program, as mtloc_jax.study.trainer compiles it."""

import jax
import jax.numpy as jnp
import numpy as np

from bench import problem
from bench.runs import FROZEN, run, static
from bench.task import Task
from mtloc_jax.core.model import Params, joined_order
from mtloc_jax.core.train import Run, State, make_train
from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import Arrays
from mtloc_jax.study import replicas
from mtloc_jax.surgery.freeze import ALL

_NO_END = 2**30  # steps a run may take; an idle one takes none


class Ours:
    """Train `task.runs` runs; options "frozen": with the IMU branch frozen, "recurrence"."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet; put the data where the program will want it."""
        mesh, axis = replicas.mesh(), replicas.replica_axis()
        plan = FROZEN if task.options.get("frozen") else ALL
        recurrence = task.options.get("recurrence", Settings.recurrence)
        training = make_train(static(task.shape, plan, recurrence=recurrence))

        def advance(state: State, one: Run, data_and_stop: tuple[Arrays, jax.Array]) -> State:
            data, stop = data_and_stop
            return training.advance(state, one, data, jnp.minimum(stop, one.n_steps))

        self._begin = replicas.over_runs(training.begin, mesh, axis)
        self._advance = replicas.over_runs(advance, mesh, axis, donate=True)
        self._data = replicas.placed(problem.arrays(task.shape), mesh, replicas.ALL)
        self._filled, self._mesh = _filled(task, mesh.size), mesh
        self._program: jax.stages.Compiled | None = None

    def restart(self) -> None:
        """Begin all runs anew."""
        runs = replicas.placed(self._filled, self._mesh, replicas.RUNS)
        self._step, self._state = 0, self._begin(runs, self._data)
        self._runs = runs._replace(start={})  # as the trainer does: the state holds it now

    def advance(self, steps: int) -> None:
        """Train every run by `steps` steps in one call."""
        self._step += steps
        given = self._state, self._runs, (self._data, jnp.int32(self._step))
        if self._program is None:
            self._program = self._advance.lower(*given).compile()
        self._state = jax.block_until_ready(self._program(*given))

    def text(self) -> str:
        """Return the compiled program."""
        assert self._program is not None
        return self._program.as_text() or ""

    def outcome(self) -> list[float]:
        """Return the first run's last loss."""
        return [float(self._state.loss[0])]

    def weights(self) -> Params:
        """Return the first run's weights, numpy arrays."""
        params = jax.device_get(replicas.take(self._state.params, 0))
        fusion = params["fusion"]
        kernels = [fusion["fc3"]["kernel"][name] for name in joined_order(Settings.modalities)]
        fc3 = fusion["fc3"] | {"kernel": np.concatenate(kernels)}
        return params | {"fusion": fusion | {"fc3": fc3}}


def _filled(task: Task, devices: int) -> Run:
    """Return the runs, stacked, and idle ones up to a multiple of the devices."""
    numbers = range(task.first_run, task.first_run + task.runs)
    runs = [run(task.shape, k, n_steps=_NO_END) for k in numbers]
    idle = [runs[-1]._replace(n_steps=np.int32(0))] * (-task.runs % devices)
    return replicas.stack([*runs, *idle])


contestant = Ours
