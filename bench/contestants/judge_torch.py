"""Judging under wiping in PyTorch, eager: a loop over modalities, seeds and drop rates."""

from collections.abc import Iterator

import numpy as np
import torch

from bench import problem
from bench.contestants.torch_eager import Branches, tensors, wait
from bench.contestants.torch_products import DEVICE, asked
from bench.problem import DROP_RATES, WIPE_SEEDS
from bench.task import Task

LEVELS = torch.tensor([0.5, 0.75, 0.9, 0.95], device=DEVICE)


def wiped(x: torch.Tensor, blank: torch.Tensor, rate: float, mode: str) -> torch.Tensor:
    """Replace a share of the windows, or of each window's samples or access points, by `blank`."""
    points = x.shape[:1] if mode == "windows" else x.shape[:2]
    lost = torch.rand(points, device=DEVICE) < rate
    return torch.where(lost.reshape(lost.shape + (1,) * (x.ndim - lost.ndim)), blank, x)


def errors_m(network: Branches, inputs: list, xy: torch.Tensor, scale_m: float) -> torch.Tensor:
    """Return the error of each window, f32[N], metres."""
    return scale_m * torch.linalg.vector_norm(network(*inputs) - xy, dim=1)


def cells(network, x: list[torch.Tensor], fitted, seeds: int, mode: str) -> Iterator[list[float]]:
    """Yield mean, STD and percentiles in metres per modality, wipe seed and drop rate."""
    *inputs, xy = x
    imu, mag = fitted.inputs["imu"], fitted.inputs["mag"]
    blanks = [-imu.mean / imu.std, -mag.mean / mag.std, np.float32(0)]
    for at, blank in enumerate(blanks):
        blank = torch.as_tensor(blank, device=DEVICE)
        for _ in range(seeds):
            for rate in DROP_RATES:
                lossy = list(inputs)
                lossy[at] = wiped(inputs[at], blank, rate, mode)
                error_m = errors_m(network, lossy, xy, float(fitted.xy_scale_m))
                moments = [error_m.mean(), error_m.std(correction=0)]
                yield torch.stack([*moments, *error_m.quantile(LEVELS)]).tolist()


class JudgeTorch:
    """Judge one network at every drop rate; option "mode": what a wipe takes."""

    def __init__(self, task: Task) -> None:
        """Put the data on the device."""
        asked(task.precision)
        self._task, self._x = task, tensors(task.shape)
        self._fitted = problem.scaler(problem.arrays(task.shape))

    def restart(self) -> None:
        """Load the weights."""
        self._network = Branches(self._task.shape).to(DEVICE)
        self._network.load(problem.start(self._task.shape, self._task.first_run))

    def advance(self, steps: int) -> None:
        """Judge the network `steps` times."""
        options = self._task.options
        with torch.inference_mode():
            for _ in range(steps):
                judged = cells(self._network, self._x, self._fitted, WIPE_SEEDS, options["mode"])
                self._judged = list(judged)
        wait()

    def outcome(self) -> list[float]:
        """Return the mean error per modality with none and with all of it lost, metres."""
        each = len(self._judged) // 3
        ends = [at + end for at in range(0, 3 * each, each) for end in (0, len(DROP_RATES) - 1)]
        return [self._judged[at][0] for at in ends]


contestant = JudgeTorch
