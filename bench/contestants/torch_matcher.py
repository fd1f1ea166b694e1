"""The matcher as a PyTorch script: attention over surveyed scans, its loss, AdamW."""

import math

import torch
from torch import nn

from bench.contestants.torch_lessons import Taught, TorchLessons, of_layers
from bench.task import Task

WIDTH, CLIP, TINY = 32, 6.0, 1e-9
LENGTHS = 3
LEAST_SIGMA_M, HOLE_M, LIKELIHOOD, DISTANCES = 4.0, 4.0, 0.3, 2.0
_LAYERS = ("fc1", "fc2", "context", "fc3", "score", "away", "signed", "doubt", "sigma")


class Matcher(Taught):
    """Place scans among C candidates, of which a pair has F features."""

    def __init__(self, features: int) -> None:
        """Make the layers."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.log_length_m = nn.Parameter(torch.zeros(LENGTHS))
        self.fc1, self.fc2 = nn.Linear(features, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.context = nn.Linear(2 * WIDTH, WIDTH)
        self.fc3 = nn.Linear((2 + LENGTHS) * WIDTH, WIDTH)
        self.score = nn.Linear(WIDTH, 1, bias=False)
        self.away, self.signed = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)
        self.doubt, self.sigma = nn.Linear(2 * WIDTH + 3, WIDTH // 2), nn.Linear(WIDTH // 2, 1)

    def leaves(self) -> dict[str, torch.Tensor]:
        """Return views of the weights."""
        own = {"standard/mean": self.mean, "standard/std": self.std}
        own |= {"log_length_m": self.log_length_m.data}
        return own | of_layers({name: getattr(self, name) for name in _LAYERS})

    def forward(
        self, features: torch.Tensor, xy_m: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return positions f32[B, 2], log sigma f32[B] and log distances f32[B, C]."""
        real = mask[..., None].float()
        x = ((features.float() - self.mean) / self.std).clamp(-CLIP, CLIP)
        h = torch.relu(self.fc2(torch.relu(self.fc1(x)))) * real
        mean = h.sum(1) / real.sum(1).clamp(min=1)
        context = torch.relu(self.context(torch.cat([mean, h.amax(1)], -1)))
        squared = ((xy_m[:, :, None] - xy_m[:, None]) ** 2).sum(-1)
        heard = [h, context[:, None].expand_as(h)]
        for length_m in self.log_length_m.exp():
            weight = torch.exp(-squared / (2 * length_m**2)) * mask[:, None]
            heard.append(weight @ h / weight.sum(-1, keepdim=True).clamp(min=TINY))
        g = torch.relu(self.fc3(torch.cat(heard, -1)))
        score, log_distance, signed = (
            layer(g)[..., 0] for layer in (self.score, self.away, self.signed)
        )
        share = score.masked_fill(~mask, -1e9).softmax(-1) * mask
        attended = (share[..., None] * xy_m).sum(1)
        offset = (xy_m - attended[:, None]) * real
        moved = (signed[..., None] * offset).sum(1) / mask.shape[1]
        found = attended + moved
        spread = (share * ((xy_m - found[:, None]) ** 2).sum(-1) / 2).sum(1)
        doubts = torch.stack(
            [
                torch.log1p(torch.sqrt(spread + TINY)),
                torch.log1p(torch.sqrt((moved**2).sum(-1) + TINY)),
                -(share * torch.log(share + TINY)).sum(-1),
            ],
            -1,
        )
        known = torch.cat([(share[..., None] * g).sum(1), context, doubts], -1).detach()
        log_sigma = math.log(LEAST_SIGMA_M) + self.sigma(torch.relu(self.doubt(known)))[..., 0]
        return found, log_sigma, log_distance

    def loss(self, inputs: dict[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Return the mean error, with a likelihood of it and the candidates' distances."""
        candidates = inputs["candidates"]
        xy_m, mask = candidates[..., :2], candidates[..., 2] > 0
        found, log_sigma, log_distance = self(inputs["pairs"], xy_m, mask)
        away_m = torch.sqrt(((xy_m - target[:, None]) ** 2).sum(-1) + TINY)
        nearest_m = away_m.masked_fill(~mask, math.inf).amin(-1)
        error_m = torch.sqrt(((found - target) ** 2).sum(-1) + TINY)
        likelihood = 2 * log_sigma + error_m.detach() ** 2 / (2 * torch.exp(2 * log_sigma))
        off = ((log_distance - torch.log1p(away_m)).abs() * mask).sum(-1)
        of_scan = HOLE_M / (HOLE_M + nearest_m)
        lost = of_scan * (error_m + LIKELIHOOD * likelihood)
        return (lost + DISTANCES * off / mask.sum(-1).clamp(min=1)).mean()


def contestant(task: Task) -> TorchLessons:
    """Return the script for a task."""
    return TorchLessons(task, lambda found: Matcher(found.inputs["pairs"].shape[-1]))
