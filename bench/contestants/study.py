"""The whole quick study, ours: pretrain, graft, three arms at nine rates, Figure 5's grid."""

import jax
import numpy as np

from bench import problem
from bench.problem import DROP_RATES, FINETUNE_RATES, JUDGED_RATE
from bench.runs import FROZEN, pretraining_static, run, scaler, static
from bench.task import Task
from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run
from mtloc_jax.settings import Wipe
from mtloc_jax.study import replicas
from mtloc_jax.study.judge import Judge
from mtloc_jax.study.trainer import Trainer


class Study:
    """Run the study with `task.runs` seeds; a step is one whole study."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet."""
        shape, seeds = task.shape, task.runs
        whole, n_moving = static(shape), seeds * (1 + len(FINETUNE_RATES))
        self._shape, self._seeds = shape, range(seeds)
        self._pretrainer = Trainer(pretraining_static(shape), seeds)
        self._trainer = Trainer(whole, n_moving)
        self._frozen = Trainer(static(shape, FROZEN), seeds)
        self._judge_all = Judge(whole.problem, Wipe(drop_rates=()), n_moving + seeds)
        figure5 = Wipe(mode="samples", fill="zero", drop_rates=DROP_RATES, seeds=1)
        self._judge_wiped = Judge(whole.problem, figure5, seeds)
        data, mesh = problem.arrays(shape), replicas.mesh()
        self._data = replicas.placed(data, mesh, replicas.ALL)
        self._test = replicas.placed(problem.test_round(data), mesh, replicas.ALL)

    def restart(self) -> None:
        """Every study begins at the start."""

    def advance(self, steps: int) -> None:
        """Run the study `steps` times."""
        for _ in range(steps):
            self._study()

    def outcome(self) -> list[float]:
        """Return the first seed's mean errors, metres: scratch, transferred, then rising rates."""
        return np.asarray(self._mean_m)[:: len(self._seeds)].tolist()

    def _study(self) -> None:
        trained, n_seeds = self._trained(), len(self._seeds)
        scalers = [scaler(self._shape)] * (n_seeds * (2 + len(FINETUNE_RATES)))
        clean = self._judge_all.clean(trained, scalers, self._test)
        first = (2 + FINETUNE_RATES.index(JUDGED_RATE)) * n_seeds
        chosen = jax.tree.map(lambda leaf: leaf[first : first + n_seeds], trained)
        self._judge_wiped.wiped(chosen, scalers[:n_seeds], self._test)
        self._mean_m = clean.metrics[:, 0]

    def _trained(self) -> Params:
        """Return all networks, stacked: scratch, transferred, then rising rates; seeds in turn."""
        donors, n_seeds = self._pretrained(), len(self._seeds)
        scratch = [self._run(seed, 1.0) for seed in self._seeds]
        finetuned = [one for rate in FINETUNE_RATES for one in self._grafted(donors, rate)]
        moving = self._trainer.train([*scratch, *finetuned], self._data)
        frozen = self._frozen.train(self._grafted(donors, 1.0), self._data)
        return jax.tree.map(
            lambda a, b: np.concatenate([a[:n_seeds], b, a[n_seeds:]]), moving, frozen
        )

    def _pretrained(self) -> list[Params]:
        """Return each seed's IMU branch, trained on all windows."""
        head = problem.pretraining_head(self._shape)
        fresh = [self._run(seed, 1.0) for seed in self._seeds]
        runs = [one._replace(start={"imu": one.start["imu"], "head": head}) for one in fresh]
        trained = self._pretrainer.train(runs, self._data)
        return [replicas.take(trained["imu"], seed) for seed in self._seeds]

    def _grafted(self, donors: list[Params], rate: float) -> list[Run]:
        runs = [self._run(seed, rate) for seed in self._seeds]
        return [
            one._replace(start=one.start | {"imu": donor})
            for one, donor in zip(runs, donors, strict=True)
        ]

    def _run(self, seed: int, rate: float) -> Run:
        n_windows, n_steps = problem.share(self._shape, rate)
        return run(self._shape, seed, n_windows=n_windows, n_steps=n_steps)


contestant = Study
