"""What a network is and what it is asked: network, batch, loss and position, one entry a problem.

A new problem is an entry in PROBLEMS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from mtloc_jax.core.inputs import Inputs, metres, scaled
from mtloc_jax.core.model import ImuRegressor, MTLoc, Params, apply
from mtloc_jax.registry import Registry
from mtloc_jax.settings import Settings
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays


@dataclass(frozen=True)
class Problem:
    """Hold what makes a problem; hashable, so that a program can be made of it.

    network:  a module called with (inputs, kept, known) as MTLoc is; where it is to be wiped, its
              outputs follow from the sum of its branches' parts (`encode`, `part`, `decide`)
    loss:     (outputs f32[B, K], target f32[B, ...], weight f32[B]) -> f32[]; both are scaled, the
              weight is 0 for windows that only fill a batch
    batch:    (data, scaler, rows) -> what the network reads of the windows at `rows`
    position: outputs -> scaled positions f32[B, 2]
    branches: the sub-trees whose features may be known beforehand, names of modalities
    width:    how many features the branches join to, for dropout; 0 where none is dropped
    told:     whether the network takes a fourth argument, the modalities that are lost; else
              one that is taken from it in training reads `fill`, as Wipe.fill
    """

    network: nn.Module
    loss: Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
    batch: Callable[[Arrays, Scaler, Any], Inputs] = scaled
    position: Callable[[jax.Array], jax.Array] = lambda outputs: outputs[..., :2]
    branches: tuple[str, ...] = ()
    width: int = 0
    told: bool = False
    fill: str = "least"


def squared_error(outputs: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Return the mean squared error of scaled coordinates (Section IV-B).

    Of more outputs than two it is their number / 2 times that; RMSprop, which divides by the
    gradient's size, trains the same.
    """
    squares = (outputs - target) ** 2
    return jnp.sum(weight[:, None] * squares) / (2 * jnp.sum(weight))


def distance(outputs: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Return the mean distance from the true point to the first two outputs, scaled.

    One scale for both axes: it is the mean error in metres but for a constant. Unlike the squared
    error it is lowered by the median of what a window leaves open, not by the mean.
    """
    squares = jnp.sum((outputs[:, :2] - target) ** 2, axis=1)
    # Where a point is met there is no direction to move in; the root has no gradient there.
    apart = jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1.0)), 0.0)
    return jnp.sum(weight * apart) / jnp.sum(weight)


OBJECTIVES: Registry[Callable[[jax.Array, jax.Array, jax.Array], jax.Array]] = Registry("loss")
"""What training lowers, by the name that settings.loss has for it."""
OBJECTIVES |= {"squared": squared_error, "distance": distance}

PROBLEMS: Registry[Callable[[Settings], Problem]] = Registry("problem")
"""Settings -> the problem that target networks are trained on."""


def mtloc(settings: Settings) -> Problem:
    """Return the paper's problem: a position from the last second (Table I)."""
    network = MTLoc(
        settings.hidden,
        settings.forget_bias,
        settings.output,
        settings.modalities,
        presence=settings.presence,
        recurrence=settings.recurrence,
    )
    return of_network(network, OBJECTIVES.named(settings.loss), settings.modality_fill)


PROBLEMS["mtloc"] = mtloc


def of_network(
    network: MTLoc,
    loss: Callable[[jax.Array, jax.Array, jax.Array], jax.Array],
    fill: str = Settings.modality_fill,
) -> Problem:
    """Return the problem of an MTLoc network, whose first two outputs are the position.

    fill: what a modality taken in training reads, where the network has no presence bits
    """
    width, told = network.hidden * len(network.modalities), network.presence != "none"
    return Problem(network, loss, branches=network.modalities, width=width, told=told, fill=fill)


def pretraining(settings: Settings, n_targets: int) -> Problem:
    """Return the problem of the source building: what its pretext asks of the IMU (Table IV)."""
    network = ImuRegressor(
        settings.hidden, settings.forget_bias, n_targets, recurrence=settings.recurrence
    )
    return Problem(network, squared_error, position=_every_output)


def _every_output(outputs: jax.Array) -> jax.Array:
    return outputs


def positions_m(problem: Problem, params: Params, scaler: Scaler, data: Arrays) -> jax.Array:
    """Return positions f32[N, 2] in metres for the windows in `data`."""
    inputs = problem.batch(data, scaler, slice(None))
    return metres(problem.position(apply(problem.network, params, inputs)), scaler)
