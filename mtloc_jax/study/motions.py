"""Motion networks of a study: pretrained on walks of sources, or trained on a target's survey."""

from collections.abc import Callable, Sequence

from mtloc_jax.core.model import Params
from mtloc_jax.logs.round import Round
from mtloc_jax.motion import learned
from mtloc_jax.settings import Settings
from mtloc_jax.study import replicas, units
from mtloc_jax.study.curves import Curve, curves_of


def pretraining(
    floors: Sequence[Sequence[Round]], settings: Settings
) -> Callable[[Sequence[int]], tuple[Params, list[Curve]]]:
    """Return what trains networks of some seeds on all walks of some floors: stacked, with curves.

    Raises InputError where a walk lacks a sensor.
    """
    legs = learned.legs_of([walk for floor in floors for walk in floor])
    how = settings.motion

    def train(seeds: Sequence[int]) -> tuple[Params, list[Curve]]:
        found, course = learned.train_on(
            legs, seeds, n_steps=how.steps, learning_rate=how.learning_rate
        )
        return replicas.stack(found), curves_of(course)

    return train


def at_once(seeds: int) -> int:
    """Return how many of the seeds are trained together."""
    return units.at_once(seeds, 1)


def trained(
    walks: Sequence[Round], settings: Settings, seed: int, start: Params | None = None
) -> tuple[Params, Curve]:
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
