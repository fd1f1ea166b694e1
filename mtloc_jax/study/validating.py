"""Measure networks in training on a few windows of validation: cheap beside the training."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from mtloc_jax.core.inputs import metres, scaled_xy
from mtloc_jax.core.metrics import errors_m
from mtloc_jax.core.model import Params, apply
from mtloc_jax.core.problem import Problem
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays, Site
from mtloc_jax.study import replicas

WINDOWS = 100
"""As many as a step of the paper's reads: without gradients, in half its time."""


def few_windows(site: Site) -> Arrays | None:
    """Return windows spread evenly over a site's validation walks; None where it has none."""
    if "validation" not in site.split.judged:
        return None
    rows = site.rows("validation")
    every = -(-len(rows) // WINDOWS)
    return replicas.placed(site.arrays(rows[::every]), replicas.mesh(), replicas.ALL)


@cache
def validating_program(
    problem: Problem, mesh: Mesh, axis: replicas.ReplicaAxis
) -> Callable[..., Any]:
    """Return (params, scalers, windows) -> loss and mean error, metres, f32[R, 2], compiled."""

    def measured(params: Params, scaler: Scaler, data: Arrays) -> jax.Array:
        outputs = apply(problem.network, params, problem.batch(data, scaler, slice(None)))
        every = jnp.ones(len(data.target), np.float32)
        loss = problem.loss(outputs, scaled_xy(data.target, scaler), every)
        error_m = errors_m(metres(problem.position(outputs), scaler), data.target)
        return jnp.stack([loss, error_m.mean()])

    return replicas.over_runs(measured, mesh, axis)
