"""The network on motion as a PyTorch script: nn.GRU over ticks, Student's t of legs, AdamW."""

import torch
from torch import nn

from bench.contestants.torch_lessons import Taught, TorchLessons, of_layers
from bench.task import Task

HIDDEN, INPUTS, LEGS, SPANS, NU = 64, 30, 8, (1, 2, 3, 4), 6.0
TICK_S, SPEED_M_S, LOG_VARIANCE = 0.1, 1.0, -3.5


class Motion(Taught):
    """Tell each tick's velocity ahead and to the left, and its variance."""

    def __init__(self) -> None:
        """Make the layers."""
        super().__init__()
        self.dense, self.out = nn.Linear(INPUTS, HIDDEN), nn.Linear(HIDDEN, 3)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.register_buffer("units", torch.tensor([3.0] * 3 + [1.0] * 3).repeat(INPUTS // 6))
        # PyTorch adds a second bias to both gates. Ours has one: theirs stays 0.
        gate = torch.arange(3 * HIDDEN) >= 2 * HIDDEN
        self.register_buffer("trained", gate.float())
        self.gru.bias_hh_l0.register_hook(lambda gradient: gradient * self.trained)
        nn.init.zeros_(self.gru.bias_hh_l0)

    def leaves(self) -> dict[str, torch.Tensor]:
        """Return views of the weights."""
        gru = {
            "gru/kernel": self.gru.weight_ih_l0.data.T,
            "gru/recurrent_kernel": self.gru.weight_hh_l0.data.T,
            "gru/bias": self.gru.bias_ih_l0.data,
            "gru/new_bias": self.gru.bias_hh_l0.data[2 * HIDDEN :],
        }
        return gru | of_layers({"dense": self.dense, "out": self.out})

    def forward(
        self, inputs: torch.Tensor, yaw_rad: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return metres east and north f32[B, T, 2] and their scale squared f32[B, T]."""
        states, _ = self.gru(torch.relu(self.dense(inputs / self.units)))
        ahead, left, spread = self.out(states).unbind(-1)
        ahead, cos, sin = ahead + SPEED_M_S, torch.cos(yaw_rad), torch.sin(yaw_rad)
        moved_m = torch.stack([ahead * cos - left * sin, ahead * sin + left * cos], -1)
        return TICK_S * moved_m, torch.exp(spread + LOG_VARIANCE)

    def loss(self, inputs: dict[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Return the mean negative log likelihood, but for a constant, of legs in a row."""
        inputs, yaw_rad, share = inputs["imu"].split([INPUTS, 1, LEGS], -1)
        moved_m, variance = self(inputs, yaw_rad[..., 0])
        legs = share.transpose(1, 2)
        off = legs @ moved_m - target.view(-1, LEGS, 2)
        varies, real = (legs @ variance[..., None])[..., 0], (legs.sum(-1) > 0).float()
        total = count = 0.0
        for span in SPANS:
            whole = real.unfold(1, span, 1).sum(-1) == span
            scale = torch.where(whole, varies.unfold(1, span, 1).sum(-1), 1.0)
            squares = (off.unfold(1, span, 1).sum(-1) ** 2).sum(-1) / (NU * scale)
            nll = torch.log(scale) + (NU + 2) / 2 * torch.log1p(squares)
            total, count = total + (nll * whole).sum(), count + whole.sum()
        return total / count.clamp(min=1)


def contestant(task: Task) -> TorchLessons:
    """Return the script for a task."""
    return TorchLessons(task, lambda _: Motion())
