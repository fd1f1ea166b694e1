"""PyTorch with torch.func: many runs in one vmapped step, compiled or not, in a graph or not."""

from collections.abc import Callable

import numpy as np
import torch
from torch.func import grad_and_value, vmap

from bench import problem
from bench.contestants.cuda_graph import captured
from bench.contestants.torch_eager import PARTS, taken, tensors, wait
from bench.contestants.torch_products import DEVICE, asked
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
    """Train `task.runs` runs at once; options "compiled", and "graphed": in a CUDA graph."""

    def __init__(self, task: Task) -> None:
        """Put data and batches on the device."""
        self._task, self._x, self._products = task, tensors(task.shape), asked(task.precision)
        self._numbers = range(task.first_run, task.first_run + task.runs)
        batches = np.load(task.batches_path())[list(self._numbers)]
        self._batches = torch.from_numpy(batches).long().to(DEVICE)
        self._at = torch.zeros(1, dtype=torch.long, device=DEVICE)
        self._stepped = torch.compile(_step) if task.options.get("compiled") else _step
        self._params, self._moments = self._fresh()
        self._loss = torch.zeros(task.runs, device=DEVICE)
        self._replay: Callable[[], None] | None = None

    def restart(self) -> None:
        """Begin with fresh weights and moments, in place."""
        if self._replay is None:
            graphed = self._task.options.get("graphed")
            self._replay = captured(self._one_step) if graphed else self._one_step
        for now, first in zip((self._params, self._moments), self._fresh(), strict=True):
            torch._foreach_copy_(list(now.values()), list(first.values()))
        self._at.zero_()

    def advance(self, steps: int) -> None:
        """Train every run by `steps` steps."""
        assert self._replay is not None
        for _ in range(steps):
            self._replay()
        wait()

    def outcome(self) -> list[float]:
        """Return the first run's last loss."""
        return [self._loss[0].item()]

    def weights(self) -> dict:
        """Return the first run's weights."""
        trees: dict[str, dict] = {}
        for name, x in self._params.items():
            layer, leaf = name.split(".")
            trees.setdefault(layer, {})[leaf] = taken(x[0])
        parts = {part: {name: trees[name] for name in names} for part, names in PARTS}
        return parts | {name: trees[name] for name in ("imu", "mag")}

    def _one_step(self) -> None:
        with torch.no_grad():
            rows = self._batches.index_select(1, self._at)[:, 0]
            with self._products():
                *trees, loss = self._stepped(self._params, self._moments, self._x, rows)
            for now, new in zip((self._params, self._moments), trees, strict=True):
                torch._foreach_copy_(list(now.values()), list(new.values()))
            self._loss.copy_(loss)
            self._at.add_(1).remainder_(self._batches.shape[1])

    def _fresh(self) -> tuple[Tree, Tree]:
        flat = [_flat(problem.start(self._task.shape, k)) for k in self._numbers]
        params = {
            name: torch.from_numpy(np.stack([one[name] for one in flat])).to(DEVICE)
            for name in flat[0]
        }
        return params, {name: torch.zeros_like(x) for name, x in params.items()}


contestant = TorchVmap
