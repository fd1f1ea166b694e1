"""The whole quick study as a PyTorch script: the same runs, one after the other."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from bench import problem
from bench.contestants.judge_torch import cells, errors_m
from bench.contestants.torch_eager import Branches, copied, optimiser, tensors, wait
from bench.contestants.torch_products import DEVICE, asked
from bench.problem import FINETUNE_RATES, JUDGED_RATE
from bench.task import Task


class Regressor(nn.Module):
    """Predict positions from the IMU alone (Table IV)."""

    def __init__(self, shape: problem.Shape, imu: nn.LSTM) -> None:
        """Put a head on the branch `imu`."""
        super().__init__()
        self.imu, self.head = imu, nn.Linear(shape.hidden, 2)
        weights = problem.pretraining_head(shape)
        copied(self.head.weight, weights["kernel"].T)
        copied(self.head.bias, weights["bias"])

    def forward(self, imu: torch.Tensor) -> torch.Tensor:
        """Map scaled windows to scaled positions f32[B, 2]."""
        return self.head(self.imu(imu)[0][:, -1])


class StudyTorch:
    """Run the study with `task.runs` seeds; a step is one whole study."""

    def __init__(self, task: Task) -> None:
        """Put data and orders on the device."""
        asked(task.precision)
        self._shape, self._x = task.shape, tensors(task.shape)
        self._seeds = range(task.first_run, task.first_run + task.runs)
        self._fitted = problem.scaler(problem.arrays(task.shape))
        self._test = [x[: task.shape.windows // 8] for x in self._x]
        orders = np.load(task.batches_path()).reshape(-1, problem.EPOCHS, task.shape.windows)
        self._orders = torch.from_numpy(orders).long().to(DEVICE)

    def restart(self) -> None:
        """Every study begins at the start."""

    def advance(self, steps: int) -> None:
        """Run the study `steps` times."""
        for _ in range(steps):
            self._mean_m = [self._one_seed(seed) for seed in self._seeds]
        wait()

    def outcome(self) -> list[float]:
        """Return the first seed's mean errors, metres: scratch, transferred, then rising rates."""
        return self._mean_m[0]

    def _one_seed(self, seed: int) -> list[float]:
        pretrained = Regressor(self._shape, self._fresh(seed).imu).to(DEVICE)
        imu, _, _, xy = self._x
        self._train(pretrained, seed, 1.0, lambda rows: (pretrained(imu[rows]), xy[rows]))
        donor = pretrained.imu.state_dict()
        arms = [self._arm(seed, 1.0, None), self._arm(seed, 1.0, donor, frozen=True)]
        arms += [self._arm(seed, rate, donor) for rate in FINETUNE_RATES]
        with torch.inference_mode():
            judged = arms[2 + FINETUNE_RATES.index(JUDGED_RATE)]
            list(cells(judged, self._test, self._fitted, 1, "samples"))
            scale_m, (*inputs, xy) = float(self._fitted.xy_scale_m), self._test
            return [errors_m(arm, inputs, xy, scale_m).mean().item() for arm in arms]

    def _fresh(self, seed: int) -> Branches:
        network = Branches(self._shape).to(DEVICE)
        network.load(problem.start(self._shape, seed))
        return network

    def _arm(self, seed: int, rate: float, donor: dict | None, frozen: bool = False) -> Branches:
        network, (*inputs, xy) = self._fresh(seed), self._x
        if donor is not None:
            network.imu.load_state_dict(donor)
        if frozen:
            network.imu.requires_grad_(False)
        self._train(
            network, seed, rate, lambda rows: (network(*(x[rows] for x in inputs)), xy[rows])
        )
        return network

    def _train(self, network: nn.Module, seed: int, rate: float, predicted: Callable) -> None:
        n_windows, _ = problem.share(self._shape, rate)
        rmsprop = optimiser(network)
        for order in self._orders[seed, : problem.STUDY_EPOCHS]:
            # Ours draws a part's order as the whole's, less the windows that are not in the part.
            for rows in order[order < n_windows].split(self._shape.batch):
                loss = nn.functional.mse_loss(*predicted(rows))
                rmsprop.zero_grad(set_to_none=True)
                loss.backward()
                rmsprop.step()


contestant = StudyTorch
