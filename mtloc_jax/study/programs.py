"""The compiled program of a problem under a freeze plan, and the networks it begins with."""

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mtloc_jax.core.model import Params
from mtloc_jax.core.problem import PROBLEMS, Problem
from mtloc_jax.core.train import Static
from mtloc_jax.settings import Settings
from mtloc_jax.study.runs import RunSpec
from mtloc_jax.surgery.freeze import paces

Shapes = dict[str, tuple[int, ...]]
"""The shape of one window of each modality."""
_Shapes = tuple[tuple[str, tuple[int, ...]], ...]


def problem_of(spec: RunSpec, settings: Settings) -> Problem:
    """Return the problem that a run is trained on."""
    return PROBLEMS.named(spec.of.problem_in(settings))(settings)


def program_of(spec: RunSpec, shapes: Shapes, settings: Settings) -> Static:
    """Return the program that trains a run on a site of these shapes.

    Raises InputError where its freeze plan names leaves that the network has not.
    """
    return static_of(problem_of(spec, settings), spec.of.plan_in(settings), shapes, settings)


def static_of(problem: Problem, plan: str, shapes: Shapes, settings: Settings) -> Static:
    """Return the program of a problem whose leaves train as the text `plan` says."""
    params = _shapes_of_leaves(problem, tuple(shapes.items()))
    return Static(
        problem,
        paces(plan, params),
        settings.batch_size,
        settings.optimizer,
        settings.schedule,
        drops=settings.dropout > 0,
        takes=settings.modality_dropout > 0,
    )


def initialised(problem: Problem, shapes: Shapes, seeds: int) -> Params:
    """Return fresh parameters for seeds 0 .. seeds-1, stacked, as numpy arrays.

    One after the other: the batched orthogonalisation that vmap would make can hang on CPU.
    """
    return jax.device_get(_drawn(problem, tuple(shapes.items()), jnp.arange(seeds)))


@partial(jax.jit, static_argnums=(0, 1))
def _drawn(problem: Problem, shapes: _Shapes, seeds: jax.Array) -> Params:
    example = _example(dict(shapes))

    def one(seed: jax.Array) -> Params:
        return _init(problem, jax.random.key(seed), example)

    return lax.map(one, seeds)


@cache
def _shapes_of_leaves(problem: Problem, shapes: _Shapes) -> Params:
    """Return the tree of a network's parameters, shapes in place of arrays."""
    return jax.eval_shape(lambda x: _init(problem, jax.random.key(0), x), _example(dict(shapes)))


def _init(problem: Problem, key: jax.Array, example: dict[str, Any]) -> Params:
    return problem.network.init(key, example)["params"]


def _example(shapes: Shapes) -> dict[str, np.ndarray]:
    return {name: np.zeros((1, *shape), np.float32) for name, shape in shapes.items()}
