"""Our programs and runs on the bench's problem, as a study makes them."""

from functools import lru_cache

import numpy as np

from bench import problem
from bench.problem import LEARNING_RATE, Shape
from mtloc_jax.core.model import Params, joined_order
from mtloc_jax.core.problem import PROBLEMS, pretraining
from mtloc_jax.core.train import Run, Static
from mtloc_jax.settings import Settings
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.study.programs import static_of
from mtloc_jax.surgery.freeze import ALL

FROZEN = "imu frozen"
"""How the transferred arm trains."""


def settings(shape: Shape, recurrence: str = Settings.recurrence) -> Settings:
    """Return the settings of a study of this shape."""
    return Settings(
        hidden=shape.hidden,
        batch_size=shape.batch,
        learning_rate=LEARNING_RATE,
        recurrence=recurrence,
    )


def static(shape: Shape, plan: str = ALL, *, recurrence: str = Settings.recurrence) -> Static:
    """Return the program of runs whose leaves train as the text `plan` says."""
    made = settings(shape, recurrence)
    return static_of(PROBLEMS.named(made.problem)(made), plan, shape.inputs, made)


def pretraining_static(shape: Shape) -> Static:
    """Return the program of pretraining on positions (Table IV)."""
    made = settings(shape)
    return static_of(pretraining(made, 2), ALL, {"imu": shape.inputs["imu"]}, made)


@lru_cache
def scaler(shape: Shape) -> Scaler:
    """Return the scaler all runs share."""
    return problem.scaler(problem.arrays(shape))


def start(shape: Shape, number: int) -> Params:
    """Return the starting weights of run `number` as our MTLoc holds them: fc3 by branch."""
    weights = problem.start(shape, number)
    fusion, branches = weights["fusion"], joined_order(Settings.modalities)
    kernels = np.split(fusion["fc3"]["kernel"], len(branches))
    fc3 = fusion["fc3"] | {"kernel": dict(zip(branches, kernels, strict=True))}
    return weights | {"fusion": fusion | {"fc3": fc3}}


def run(shape: Shape, number: int, *, n_windows: int = 0, n_steps: int = 0) -> Run:
    """Return run `number` over the first `n_windows` windows (0: all of them)."""
    return Run(
        seed=np.int32(number),
        learning_rate=np.float32(LEARNING_RATE),
        start=start(shape, number),
        plan=np.arange(shape.windows, dtype=np.int32),
        n_windows=np.int32(n_windows or shape.windows),
        n_steps=np.int32(n_steps),
        dropout=np.float32(0),
        scaler=scaler(shape),
    )
