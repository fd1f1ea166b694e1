"""Optimisers, schedules and the pace of each leaf: plain data, which needs no JAX."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mtloc_jax.registry import Registry


@dataclass(frozen=True)
class Optimizer:
    """Name a function of optax that takes a learning rate, and its other arguments."""

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


OPTIMIZERS: Registry[Optimizer] = Registry("optimiser")
OPTIMIZERS |= {
    # As Keras has it, which the authors used: decay 0.9, epsilon 1e-7 outside the root (Table IV).
    "rmsprop": Optimizer("rmsprop", {"decay": 0.9, "eps": 1e-7, "eps_in_sqrt": False}),
    "adam": Optimizer("adam"),
    "adamw": Optimizer("adamw", {"weight_decay": 1e-2}),
    "sgd": Optimizer("sgd", {"momentum": 0.9, "nesterov": True}),
}


@dataclass(frozen=True)
class Pace:
    """Say how a leaf trains: at `rate` times the learning rate (0: never), from an epoch on."""

    rate: float = 1.0
    from_epoch: int = 0

    @property
    def frozen(self) -> bool:
        """Say whether the leaf never moves."""
        return self.rate == 0


Paces = tuple[tuple[str, Pace], ...]
"""The pace of every leaf by its path ("imu/kernel"); hashable, so that a program can be made of it.
"""


Schedule = Callable[[Any], Any]
"""Progress f32[] through a run's steps, 0 at the first and below 1 at the last, to what multiplies
the learning rate."""

_WARM = 0.05  # of a run's steps


def _cosine(progress: Any) -> Any:
    return 0.5 * (1 + progress.__array_namespace__().cos(np.pi * progress))


def _warm_cosine(progress: Any) -> Any:
    xp = progress.__array_namespace__()
    return xp.minimum(progress / _WARM, _cosine((progress - _WARM).clip(0) / (1 - _WARM)))


SCHEDULES: Registry[Schedule | None] = Registry("schedule")
SCHEDULES |= {"constant": None, "cosine": _cosine, "warm-cosine": _warm_cosine}
