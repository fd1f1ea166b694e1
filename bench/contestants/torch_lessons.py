"""PyTorch's loop over lessons: a network with its loss, AdamW, half a cosine; one run."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from bench import lessons
from bench.contestants.torch_eager import taken, wait
from bench.contestants.torch_products import DEVICE, asked
from bench.lessons import Lessons
from bench.task import Task


class Taught(nn.Module):
    """Do what is trained on lessons: tell a batch's loss, and where its weights lie."""

    def loss(self, inputs: dict[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Return the loss f32[] of a batch."""
        raise NotImplementedError

    def leaves(self) -> dict[str, torch.Tensor]:
        """Return views of the weights, by the paths of ours and laid out like them."""
        raise NotImplementedError


def of_layers(layers: dict[str, nn.Linear]) -> dict[str, torch.Tensor]:
    """Return views of dense layers' weights."""
    found = {f"{name}/kernel": layer.weight.data.T for name, layer in layers.items()}
    biases = {name: layer.bias for name, layer in layers.items() if layer.bias is not None}
    return found | {f"{name}/bias": bias.data for name, bias in biases.items()}


class TorchLessons:
    """Train one run; option "compiled": by torch.compile."""

    def __init__(self, task: Task, network_for: Callable[[Lessons], Taught]) -> None:
        """Put lessons and batches on the device."""
        self._products, found = asked(task.precision), lessons.read(task.batches_path())
        self._inputs = {name: torch.from_numpy(x).to(DEVICE) for name, x in found.inputs.items()}
        self._target = torch.from_numpy(found.target).to(DEVICE)
        self._batches = torch.from_numpy(found.batches[task.first_run]).long().to(DEVICE)
        self._rate, self._n_steps = found.learning_rate, found.n_steps
        self._network, self._start = network_for(found).to(DEVICE), found.start_of(task.first_run)
        loss = self._network.loss
        self._loss_of = torch.compile(loss) if task.options.get("compiled") else loss

    def restart(self) -> None:
        """Begin with fresh weights and moments."""
        self._step, leaves = 0, self._network.leaves()
        assert leaves.keys() == self._start.keys()
        for path, values in self._start.items():
            leaves[path].copy_(torch.from_numpy(values))
        trained = [one for one in self._network.parameters() if one.requires_grad]
        self._optimiser = torch.optim.AdamW(trained, self._rate, weight_decay=1e-2, fused=True)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda step: 0.5 * (1 + math.cos(math.pi * step / self._n_steps))
        )

    def advance(self, steps: int) -> None:
        """Train by `steps` steps; when it is trained, begin anew."""
        for _ in range(steps):
            if self._step == self._n_steps:
                self.restart()
            rows = self._batches[self._step % len(self._batches)]
            inputs = {name: x[rows] for name, x in self._inputs.items()}
            with self._products():
                self._loss = self._loss_of(inputs, self._target[rows])
            self._optimiser.zero_grad(set_to_none=True)
            self._loss.backward()
            self._optimiser.step()
            self._schedule.step()
            self._step += 1
        wait()

    def outcome(self) -> list[float]:
        """Return the last loss, and how far the weights are from where they began."""
        apart = [((leaf - self._start[path]) ** 2).sum() for path, leaf in self.weights().items()]
        return [self._loss.item(), math.sqrt(sum(apart))]

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights by their paths."""
        return {path: taken(leaf) for path, leaf in self._network.leaves().items()}
