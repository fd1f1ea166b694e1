"""How a run's loss fell: a mean over each epoch, in a few numbers on the device beside it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

POINTS = 256
"""Numbers kept of a run: a program does not depend on its epochs. Of more, several share one."""


class Falling(NamedTuple):
    """Hold the losses of a run in progress.

    summed: f32[], of the steps of the present point so far; means: f32[POINTS], of each point's
    steps, up to the last one taken
    """

    summed: jax.Array
    means: jax.Array


class Course(NamedTuple):
    """Hold how runs fared that took as many steps each.

    n_steps: of a run; batches: of an epoch; means: f32[R, POINTS], as Falling's
    """

    n_steps: int
    batches: int
    means: np.ndarray


def nothing() -> Falling:
    """Return the losses of a run that has taken no step."""
    return Falling(jnp.float32(0), jnp.zeros(POINTS, jnp.float32))


def steps_a_point(n_steps: Any, batches: Any) -> Any:
    """Return how many steps of a run share a point: those of one epoch, or of several.

    n_steps: of the run; batches: of an epoch; integers, or arrays of them
    """
    epochs = -(-n_steps // batches)
    share = -(-epochs // POINTS)
    return (share + (share == 0)) * batches  # of a run that takes no step, an epoch's


def added(losses: Falling, loss: jax.Array, step: jax.Array, a_point: jax.Array) -> Falling:
    """Return the losses with that of one more step; a_point: how many steps share a point."""
    # In the order of the steps, wherever a run is stopped: the same bits.
    before = jnp.where(step % a_point == 0, 0.0, losses.summed)
    return losses._replace(summed=before + loss)


def noted(losses: Falling, steps: jax.Array, a_point: jax.Array) -> Falling:
    """Return the losses with the mean of the present point as it is after so many steps."""
    point = jnp.maximum(steps - 1, 0) // a_point
    mean = losses.summed / jnp.maximum(steps - point * a_point, 1)
    return losses._replace(means=losses.means.at[point].set(mean, mode="promise_in_bounds"))
