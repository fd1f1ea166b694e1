"""Judging under wiping, ours: only the wiped branch is computed again (mtloc_jax.core.evaluate)."""

import numpy as np

from bench import problem
from bench.problem import DROP_RATES, WIPE_SEEDS
from bench.runs import scaler, start, static
from bench.task import Task
from mtloc_jax.settings import Settings, Wipe
from mtloc_jax.study import replicas
from mtloc_jax.study.judge import Judge as NetworksJudge


class Judge:
    """Judge `task.runs` networks at every drop rate.

    Options: "mode": what a wipe takes; "recurrence": as settings.recurrence
    """

    def __init__(self, task: Task) -> None:
        """Compile nothing yet."""
        grid = {"drop_rates": DROP_RATES, "seeds": WIPE_SEEDS}
        wipe = Wipe(mode=task.options["mode"], fill="zero", **grid)
        recurrence = task.options.get("recurrence", Settings.recurrence)
        of = static(task.shape, recurrence=recurrence).problem
        self._judge = NetworksJudge(of, wipe, task.runs)
        self._params = replicas.stack([start(task.shape, k) for k in range(task.runs)])
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
        assert self._judged is not None
        mean_m = np.asarray(self._judged.metrics)[0, :, 0][:, [0, -1], 0]
        return mean_m.ravel().tolist()


contestant = Judge
