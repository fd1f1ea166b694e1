"""Our runs on the bench's problem."""

from functools import lru_cache

import numpy as np

from bench import problem
from bench.problem import LEARNING_RATE, Shape
from mtloc_jax.core.model import Params
from mtloc_jax.core.optim import Gates
from mtloc_jax.core.train import Run
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.surgery.freeze import gates
from mtloc_jax.surgery.thaw import ALL, thaw


@lru_cache
def scaler(shape: Shape) -> Scaler:
    """Return the scaler all runs share."""
    return problem.scaler(problem.arrays(shape))


def run(
    shape: Shape, number: int, *, n_windows: int = 0, n_steps: int = 0, frozen: bool = False
) -> Run:
    """Return run `number` over the first `n_windows` windows (0: all of them).

    frozen: whether the IMU branch stays as it is
    """
    start = problem.start(shape, number)
    return Run(
        seed=np.int32(number),
        learning_rate=np.float32(LEARNING_RATE),
        start=start,
        plan=np.arange(shape.windows, dtype=np.int32),
        n_windows=np.int32(n_windows or shape.windows),
        n_steps=np.int32(n_steps),
        dropout=np.float32(0),
        scaler=scaler(shape),
        gates=gates_of(start, "imu frozen" if frozen else ALL),
    )


def gates_of(start: Params, plan: str = ALL) -> Gates:
    """Return how the leaves of a network train, by default all of them."""
    return gates(thaw(plan, start), start)
