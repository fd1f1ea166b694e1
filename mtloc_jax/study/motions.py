"""Motion networks of a study: pretrained on walks of sources, or trained on a target's survey."""

from collections.abc import Sequence

from mtloc_jax.core.model import Params
from mtloc_jax.logs.round import Round
from mtloc_jax.motion import learned
from mtloc_jax.settings import Settings
from mtloc_jax.study import replicas
from mtloc_jax.study.curves import Point, curves_of


def pretrained(
    floors: Sequence[Sequence[Round]], settings: Settings
) -> tuple[Params, list[list[Point]]]:
    """Return networks trained on all walks of some floors, one a seed, stacked, and their curves.

    Raises InputError where a walk lacks a sensor.
    """
    walks = [walk for floor in floors for walk in floor]
    how = settings.motion
    found, course = learned.train(
        walks, range(settings.seeds), n_steps=how.steps, learning_rate=how.learning_rate
    )
    return replicas.stack(found), curves_of(course)


def trained(
    walks: Sequence[Round], settings: Settings, seed: int, start: Params | None = None
) -> tuple[Params, list[Point]]:
    """Return a network trained on a survey's walks, from fresh weights or others', and its curve.

    Raises InputError where a walk lacks a sensor.
    """
    how = settings.motion
    tuned = start is not None
    (found,), course = learned.train(
        walks,
        [seed],
        start=start,
        n_steps=how.tuned_steps if tuned else how.steps,
        learning_rate=how.tuned_rate if tuned else how.learning_rate,
    )
    return found, curves_of(course)[0]
