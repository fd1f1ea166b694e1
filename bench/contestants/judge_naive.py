"""Judging under wiping as one would write it first: the whole network for every cell.

A Python loop over modalities, seeds and drop rates; each cell compiled, and over all cores like
ours, so that only the formulation differs.
"""

import jax
import jax.numpy as jnp
import numpy as np

from bench import problem
from bench.problem import DROP_RATES, WIPE_SEEDS
from bench.runs import scaler, start, static
from bench.task import Task
from mtloc_jax.core import missing
from mtloc_jax.core.inputs import metres
from mtloc_jax.core.metrics import errors_m, summary
from mtloc_jax.core.model import apply
from mtloc_jax.core.problem import Problem
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.rows import METRICS
from mtloc_jax.settings import Wipe
from mtloc_jax.study import replicas


def _cell(ours: Problem, wipe: Wipe, number: int, one, shared) -> jax.Array:
    """Return the metrics f32[6] of one network under one wipe."""
    (params, fitted), (data, seed, rate) = one, shared
    name, inputs = ours.branches[number], ours.batch(data, fitted, slice(None))
    key = jax.random.fold_in(jax.random.key(seed), number)
    lost = missing.draw(key, wipe.mode, inputs[name], wipe.burst_windows) < rate
    blank = MODALITIES[name].blank(wipe.fill, fitted.inputs[name])
    wiped = inputs | {name: missing.wiped(inputs[name], lost, blank)}
    outputs = apply(ours.network, params, wiped)
    return summary(errors_m(metres(ours.position(outputs), fitted), data.target))


class JudgeNaive:
    """Judge `task.runs` networks at every drop rate; option "mode": what a wipe takes."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet."""
        grid = {"drop_rates": DROP_RATES, "seeds": WIPE_SEEDS}
        wipe = Wipe(mode=task.options["mode"], fill="zero", **grid)
        ours, mesh = static(task.shape).problem, replicas.mesh()

        def program(number: int):
            def cell(one, shared):
                return _cell(ours, wipe, number, one, shared)

            return replicas.over_runs(cell, mesh, replicas.replica_axis())

        self._programs = [program(number) for number in range(len(ours.branches))]
        networks = [(start(task.shape, k), scaler(task.shape)) for k in range(task.runs)]
        filled = [networks[k % task.runs] for k in range(task.runs + -task.runs % mesh.size)]
        self._networks = replicas.placed(replicas.stack(filled), mesh, replicas.RUNS)
        self._data = replicas.placed(problem.arrays(task.shape), mesh, replicas.ALL)

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Judge all networks `steps` times."""
        for _ in range(steps):
            self._metrics = np.asarray(jax.block_until_ready(self._cells()))

    def _cells(self) -> list[jax.Array]:
        return [
            program(self._networks, (self._data, jnp.int32(seed), jnp.float32(rate)))
            for program in self._programs
            for seed in range(WIPE_SEEDS)
            for rate in DROP_RATES
        ]

    def outcome(self) -> list[float]:
        """Return the mean error per modality with none and with all of it lost, metres."""
        grid = (len(self._programs), WIPE_SEEDS, len(DROP_RATES), -1, len(METRICS))
        return self._metrics.reshape(grid)[:, 0, :, 0, 0][:, [0, -1]].ravel().tolist()


contestant = JudgeNaive
