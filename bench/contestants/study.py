"""The whole quick study, ours: pretrain, graft, three arms at nine rates, Figure 5's grid."""

import numpy as np

from bench import problem
from bench.problem import DROP_RATES, FINETUNE_RATES, JUDGED_RATE
from bench.runs import gates_of, run, scaler
from bench.task import Task
from mtloc_jax.core.evaluate import Wipes
from mtloc_jax.core.model import ImuRegressor, MTLoc
from mtloc_jax.core.train import Run, Static
from mtloc_jax.sweep import replicas
from mtloc_jax.sweep import trainer as sweep


class Study:
    """Run the study with `task.runs` seeds; a step is one whole study."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet."""
        shape, seeds = task.shape, task.runs
        hidden, batch = shape.hidden, shape.batch
        network, features = MTLoc(hidden), replicas.imu_features(frozen=False)
        n_runs = seeds * (2 + len(FINETUNE_RATES))
        self._shape, self._seeds = shape, range(seeds)
        self._pretrainer = sweep.Trainer(Static(ImuRegressor(hidden), batch), seeds)
        self._trainer = sweep.Trainer(Static(network, batch, features), n_runs)
        self._judge_all = sweep.Judge(network, Wipes(), n_runs)
        self._judge_wiped = sweep.Judge(network, Wipes(DROP_RATES, 1, "samples"), seeds)
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
        fitted = scaler(self._shape)
        runs = self._runs()
        trained = self._trainer.train(runs, self._data)
        clean = self._judge_all.clean(trained, [fitted] * len(runs), self._test)
        first = (2 + FINETUNE_RATES.index(JUDGED_RATE)) * len(self._seeds)
        chosen = [replicas.take(trained, first + seed) for seed in self._seeds]
        self._judge_wiped.wiped(replicas.stack(chosen), [fitted] * len(chosen), self._test)
        self._mean_m = clean.metrics[:, 0]

    def _pretrained(self) -> list[dict]:
        """Return each seed's IMU branch, trained on all windows."""
        fresh = [self._run(seed, 1.0) for seed in self._seeds]
        heads = problem.pretraining_head(self._shape)
        starts = [{"imu": one.start["imu"], "head": heads} for one in fresh]
        runs = [
            one._replace(start=start, gates=gates_of(start))
            for one, start in zip(fresh, starts, strict=True)
        ]
        trained = self._pretrainer.train(runs, self._data)
        return [replicas.take(trained["imu"], seed) for seed in self._seeds]

    def _runs(self) -> list[Run]:
        scratch = [self._run(seed, 1.0) for seed in self._seeds]
        donors = self._pretrained()

        def grafted(rate: float, frozen: bool = False) -> list[Run]:
            runs = [self._run(seed, rate, frozen) for seed in self._seeds]
            return [
                one._replace(start=one.start | {"imu": donor})
                for one, donor in zip(runs, donors, strict=True)
            ]

        finetuned = [one for rate in FINETUNE_RATES for one in grafted(rate)]
        return [*scratch, *grafted(1.0, frozen=True), *finetuned]

    def _run(self, seed: int, rate: float, frozen: bool = False) -> Run:
        n_windows, n_steps = problem.share(self._shape, rate)
        return run(self._shape, seed, n_windows=n_windows, n_steps=n_steps, frozen=frozen)


contestant = Study
