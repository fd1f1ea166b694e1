"""Judging under wiping, ours: only the wiped branch is computed again (mtloc_jax.core.evaluate)."""

import numpy as np

from bench import problem
from bench.problem import DROP_RATES, WIPE_SEEDS
from bench.runs import scaler
from bench.task import Task
from mtloc_jax.core.evaluate import Wipes
from mtloc_jax.core.model import MTLoc
from mtloc_jax.sweep import replicas
from mtloc_jax.sweep import trainer as sweep


class Judge:
    """Judge `task.runs` networks at every drop rate; option "mode": what a wipe takes."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet."""
        wipes = Wipes(DROP_RATES, WIPE_SEEDS, task.options["mode"])
        self._judge = sweep.Judge(MTLoc(task.shape.hidden), wipes, task.runs)
        self._params = replicas.stack([problem.start(task.shape, k) for k in range(task.runs)])
        self._scalers = [scaler(task.shape)] * task.runs
        self._data = replicas.placed(problem.arrays(task.shape), replicas.mesh(), replicas.ALL)

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Judge all networks `steps` times."""
        for _ in range(steps):
            self._judged = self._judge.wiped(self._params, self._scalers, self._data)

    def outcome(self) -> list[float]:
        """Return the mean error per modality with none and with all of it lost, metres."""
        mean_m = np.asarray(self._judged.metrics)[0, :, 0][:, [0, -1], 0]
        return mean_m.ravel().tolist()


contestant = Judge
