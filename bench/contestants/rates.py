"""A sweep over fine-tune rates: each run takes the steps its data ask for, or all the most."""

import numpy as np

from bench import problem
from bench.problem import FINETUNE_RATES
from bench.runs import run, static
from bench.task import Task
from mtloc_jax.core.train import Run
from mtloc_jax.study import replicas
from mtloc_jax.study.trainer import Trainer


class Rates:
    """Train one run per fine-tune rate and starting weights, `task.runs` in all.

    Option "padded": all for as many steps as the longest, as one vmapped loop would.
    """

    def __init__(self, task: Task) -> None:
        """Compile nothing yet."""
        self._trainer = Trainer(static(task.shape), task.runs)
        self._data = replicas.placed(problem.arrays(task.shape), replicas.mesh(), replicas.ALL)
        rates = np.resize(FINETUNE_RATES, task.runs).tolist()
        padded = task.options.get("padded", False)
        self._runs = [_run(task.shape, k, rate, padded) for k, rate in enumerate(rates)]

    def restart(self) -> None:
        """Every sweep begins at the start."""

    def advance(self, steps: int) -> None:
        """Train the whole sweep `steps` times."""
        for _ in range(steps):
            self._trainer.train(self._runs, self._data)

    def outcome(self) -> list[float]:
        """Padding trains longer: there is nothing to agree on."""
        return []


def _run(shape: problem.Shape, number: int, rate: float, padded: bool) -> Run:
    n_windows, n_steps = problem.share(shape, rate)
    if padded:
        n_steps = problem.share(shape, 1.0)[1]
    return run(shape, number, n_windows=n_windows, n_steps=n_steps)


contestant = Rates
