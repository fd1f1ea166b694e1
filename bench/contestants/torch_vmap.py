"""PyTorch with torch.func: many runs in one vmapped step; option "compiled": by torch.compile."""

import numpy as np
import torch
from torch.func import grad_and_value, vmap

from bench import problem
from bench.contestants.torch_eager import DEVICE, tensors, wait
from bench.problem import LEARNING_RATE
from bench.task import Task

Tree = dict[str, torch.Tensor]


def _last_hidden(x: torch.Tensor, kernel, recurrent, bias) -> torch.Tensor:
    """Return an LSTM's last hidden state: nn.LSTM cannot be vmapped over its weights."""
    projected = x @ kernel + bias
    h = c = torch.zeros(x.shape[0], recurrent.shape[0], device=x.device)
    for t in range(x.shape[1]):
        i, f, g, o = (projected[:, t] + h @ recurrent).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h


def _mse(p: Tree, imu, mag, wifi, xy) -> torch.Tensor:
    def dense(name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ p[f"{name}.kernel"] + p[f"{name}.bias"]

    def lstm(name: str, x: torch.Tensor) -> torch.Tensor:
        leaves = (p[f"{name}.{leaf}"] for leaf in ("kernel", "recurrent_kernel", "bias"))
        return _last_hidden(x, *leaves)

    encoded = torch.relu(dense("fc2", torch.relu(dense("fc1", wifi))))
    joined = torch.cat([encoded, lstm("imu", imu), lstm("mag", mag)], dim=-1)
    return ((dense("fc4", torch.relu(dense("fc3", joined))) - xy) ** 2).mean()


def _step(params: Tree, moments: Tree, x: list[torch.Tensor], rows: torch.Tensor):
    """Train all runs by one step: rows i64[R, B]."""
    gradient, loss = vmap(grad_and_value(_mse))(params, *(leaf[rows] for leaf in x))
    moments = {k: 0.9 * moments[k] + 0.1 * g * g for k, g in gradient.items()}
    params = {
        k: params[k] - LEARNING_RATE * g / (moments[k].sqrt() + 1e-7) for k, g in gradient.items()
    }
    return params, moments, loss


def _flat(weights: dict) -> dict[str, np.ndarray]:
    trees = weights["wifi"] | weights["fusion"] | {k: weights[k] for k in ("imu", "mag")}
    return {f"{name}.{leaf}": x for name, tree in trees.items() for leaf, x in tree.items()}


class TorchVmap:
    """Train `task.runs` runs at once."""

    def __init__(self, task: Task) -> None:
        """Put data and batches on the device."""
        self._task, self._x = task, tensors(task.shape)
        batches = np.load(task.batches_path())[task.first_run : task.first_run + task.runs]
        self._batches = torch.from_numpy(batches).long().to(DEVICE)
        self._one_step = torch.compile(_step) if task.options.get("compiled") else _step

    def restart(self) -> None:
        """Begin with fresh weights and moments."""
        numbers = range(self._task.first_run, self._task.first_run + self._task.runs)
        flat = [_flat(problem.start(self._task.shape, k)) for k in numbers]
        self._params = {
            name: torch.from_numpy(np.stack([one[name] for one in flat])).to(DEVICE)
            for name in flat[0]
        }
        self._moments = {name: torch.zeros_like(x) for name, x in self._params.items()}
        self._step = 0

    def advance(self, steps: int) -> None:
        """Train every run by `steps` steps."""
        with torch.no_grad():
            for _ in range(steps):
                rows = self._batches[:, self._step % self._batches.shape[1]]
                self._params, self._moments, self._loss = self._one_step(
                    self._params, self._moments, self._x, rows
                )
                self._step += 1
        wait()

    def outcome(self) -> list[float]:
        """Return the first run's last loss."""
        return [self._loss[0].item()]


contestant = TorchVmap
