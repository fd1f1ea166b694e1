"""PyTorch as most people write it: modules, autograd, one optimiser step at a time."""

import numpy as np
import torch
from torch import nn

from bench import problem
from bench.contestants.torch_products import DEVICE, asked
from bench.problem import LEARNING_RATE
from bench.task import Task

PARTS = (("wifi", ("fc1", "fc2")), ("fusion", ("fc3", "fc4")))
"""Dense layers as the bench's weights hold them."""


class Branches(nn.Module):
    """MTLoc (Table I) with nn.LSTM."""

    def __init__(self, shape: problem.Shape) -> None:
        """Make the layers; weights come from `load`."""
        super().__init__()
        hidden = shape.hidden
        self.imu = nn.LSTM(shape.imu_channels, hidden, batch_first=True)
        self.mag = nn.LSTM(shape.mag_channels, hidden, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(shape.aps, hidden), nn.Linear(hidden, hidden)
        self.fc3, self.fc4 = nn.Linear(3 * hidden, hidden), nn.Linear(hidden, 2)

    def forward(self, imu: torch.Tensor, mag: torch.Tensor, wifi: torch.Tensor) -> torch.Tensor:
        """Map scaled windows to scaled positions f32[B, 2]."""
        encoded = torch.relu(self.fc2(torch.relu(self.fc1(wifi))))
        last = [self.imu(imu)[0][:, -1], self.mag(mag)[0][:, -1]]
        return self.fc4(torch.relu(self.fc3(torch.cat([encoded, *last], dim=1))))

    def load(self, weights: dict) -> None:
        """Take the bench's weights. PyTorch's second LSTM bias stays 0: Table I has one."""
        for name in ("imu", "mag"):
            lstm, tree = getattr(self, name), weights[name]
            copied(lstm.weight_ih_l0, tree["kernel"].T)
            copied(lstm.weight_hh_l0, tree["recurrent_kernel"].T)
            copied(lstm.bias_ih_l0, tree["bias"])
            copied(lstm.bias_hh_l0, np.zeros_like(tree["bias"]))
            lstm.bias_hh_l0.requires_grad_(False)
        for name, tree in (weights["wifi"] | weights["fusion"]).items():
            copied(getattr(self, name).weight, tree["kernel"].T)
            copied(getattr(self, name).bias, tree["bias"])

    def weights(self) -> dict:
        """Return what `load` takes; the bias that stayed 0 is left out."""
        lstms = {
            name: {
                "kernel": taken(lstm.weight_ih_l0).T,
                "recurrent_kernel": taken(lstm.weight_hh_l0).T,
                "bias": taken(lstm.bias_ih_l0),
            }
            for name, lstm in (("imu", self.imu), ("mag", self.mag))
        }
        dense = {
            name: {"kernel": taken(layer.weight).T, "bias": taken(layer.bias)}
            for name, layer in self.named_children()
            if name not in lstms
        }
        return lstms | {part: {name: dense[name] for name in names} for part, names in PARTS}


def taken(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's numbers."""
    return tensor.detach().cpu().numpy()


def copied(parameter: torch.Tensor, values: np.ndarray) -> None:
    """Overwrite a parameter."""
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def tensors(shape: problem.Shape) -> list[torch.Tensor]:
    """Return imu, mag, wifi and xy of all windows, scaled, on the device."""
    data = problem.arrays(shape)
    return [
        torch.from_numpy(x).to(DEVICE)
        for x in vars(problem.scaled(data, problem.scaler(data))).values()
    ]


def optimiser(network: nn.Module, *, graphed: bool = False) -> torch.optim.Optimizer:
    """Return RMSprop with Table IV's settings for what trains; `graphed`: in a CUDA graph."""
    trained = [p for p in network.parameters() if p.requires_grad]
    return torch.optim.RMSprop(trained, lr=LEARNING_RATE, alpha=0.9, eps=1e-7, capturable=graphed)


def wait() -> None:
    """Return when the accelerator has done what it was given."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


class TorchEager:
    """Train one run; options "frozen": with the IMU branch frozen, "compiled": by torch.compile."""

    def __init__(self, task: Task) -> None:
        """Put data and batches on the device."""
        self._task, self._products = task, asked(task.precision)
        self._x = tensors(task.shape)
        batches = np.load(task.batches_path())[task.first_run]
        self._batches = torch.from_numpy(batches).long().to(DEVICE)
        self._network = Branches(task.shape).to(DEVICE)
        if task.options.get("frozen"):
            self._network.imu.requires_grad_(False)
        compiled = task.options.get("compiled")
        self._predicted = torch.compile(self._network) if compiled else self._network

    def restart(self) -> None:
        """Begin with fresh weights and moments."""
        self._network.load(problem.start(self._task.shape, self._task.first_run))
        self._optimiser, self._step = optimiser(self._network), 0

    def advance(self, steps: int) -> None:
        """Train by `steps` steps."""
        for _ in range(steps):
            rows = self._batches[self._step % len(self._batches)]
            imu, mag, wifi, xy = (x[rows] for x in self._x)
            with self._products():
                self._loss = nn.functional.mse_loss(self._predicted(imu, mag, wifi), xy)
            self._optimiser.zero_grad(set_to_none=True)
            self._loss.backward()
            self._optimiser.step()
            self._step += 1
        wait()

    def outcome(self) -> list[float]:
        """Return the last loss."""
        return [self._loss.item()]

    def weights(self) -> dict:
        """Return the run's weights."""
        return self._network.weights()


contestant = TorchEager
