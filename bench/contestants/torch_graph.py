"""PyTorch's loop recorded in a CUDA graph: whole optimiser steps of nn.LSTM, cuDNN's on a GPU.

Several runs are several branches of the graph, each on a stream of its own, so that a GPU may work
on all at once: the most that cuDNN's LSTM, which has no axis for runs, can be made to do.
"""

from contextlib import nullcontext

import numpy as np
import torch
from torch import nn

from bench import problem
from bench.contestants.cuda_graph import captured
from bench.contestants.torch_eager import Branches, optimiser, tensors, wait
from bench.contestants.torch_products import DEVICE, asked
from bench.task import Task


class _Branch:
    """Hold one run: its network, its optimiser and the loss it leaves in place."""

    def __init__(self, task: Task, number: int) -> None:
        self._start = problem.start(task.shape, number)
        self.network = Branches(task.shape).to(DEVICE)
        self.network.load(self._start)
        self.loss = torch.zeros((), device=DEVICE)
        self._optimiser = optimiser(self.network, graphed=DEVICE == "cuda")

    def step(self, imu, mag, wifi, xy, products) -> None:
        with products():
            loss = nn.functional.mse_loss(self.network(imu, mag, wifi), xy)
        # Gradients are made anew, in the graph's own memory: nothing has to be zeroed.
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self.loss.copy_(loss.detach())

    def restart(self) -> None:
        self.network.load(self._start)
        for state in self._optimiser.state.values():
            for moment in state.values():
                moment.zero_()


class TorchGraph:
    """Train `task.runs` runs, one after the other or side by side, as the graph branches."""

    def __init__(self, task: Task) -> None:
        """Put data and batches on the device; record nothing yet."""
        self._task, self._products = task, asked(task.precision)
        numbers = range(task.first_run, task.first_run + task.runs)
        self._x = tensors(task.shape)
        batches = np.load(task.batches_path())[list(numbers)]
        self._batches = torch.from_numpy(batches).long().to(DEVICE)
        self._at = torch.zeros(1, dtype=torch.long, device=DEVICE)
        self._branches = [_Branch(task, number) for number in numbers]
        apart = DEVICE == "cuda" and task.runs > 1
        self._streams = [torch.cuda.Stream() for _ in numbers] if apart else []
        self._replay = None

    def restart(self) -> None:
        """Begin with fresh weights and moments, where the graph looks for them."""
        if self._replay is None:
            self._replay = captured(self._one_step)
        for branch in self._branches:
            branch.restart()
        self._at.zero_()

    def advance(self, steps: int) -> None:
        """Train every run by `steps` steps."""
        for _ in range(steps):
            self._replay()
        wait()

    def outcome(self) -> list[float]:
        """Return the first run's last loss."""
        return [self._branches[0].loss.item()]

    def weights(self) -> dict:
        """Return the first run's weights."""
        return self._branches[0].network.weights()

    def _one_step(self) -> None:
        rows = self._batches.index_select(1, self._at)[:, 0]
        for number, branch in enumerate(self._branches):
            with self._apart(number):
                batch = (x[rows[number]] for x in self._x)
                branch.step(*batch, self._products)
        for stream in self._streams:
            torch.cuda.current_stream().wait_stream(stream)
        self._at.add_(1).remainder_(self._batches.shape[1])

    def _apart(self, number: int):
        """Return the context of a run's own stream, which begins where the others are."""
        if not self._streams:
            return nullcontext()
        self._streams[number].wait_stream(torch.cuda.current_stream())
        return torch.cuda.stream(self._streams[number])


contestant = TorchGraph
