"""Matchers of a study: pretrained on the walks of sources, or trained on a target's survey."""

from collections.abc import Callable, Sequence

import jax
import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.experts.matcher_lessons import Surveyed, lessons
from mtloc_jax.experts.matcher_training import train_on
from mtloc_jax.experts.scan_table import ScanTable, scan_table
from mtloc_jax.logs.round import Round
from mtloc_jax.settings import Settings
from mtloc_jax.study import replicas, units

_ALIKE_FROM = 4  # matchers side by side, each is trained to the same bit


def pretraining(
    floors: Sequence[Sequence[Round]], settings: Settings
) -> Callable[[Sequence[int]], Params]:
    """Return what trains matchers of some seeds on all walks of some floors, stacked.

    Raises InputError where there is nothing to learn from.
    """
    tables = [surveyed(scan_table(walks), walks) for walks in floors]
    how, width = settings.matcher, at_once(settings.seeds)
    taught = lessons(tables, scans=how.scans)

    def train(seeds: Sequence[int]) -> Params:
        filled = [*seeds, *[seeds[-1]] * (width - len(seeds))]
        found = train_on(taught, filled, epochs=how.epochs, learning_rate=how.learning_rate)
        return jax.tree.map(lambda leaf: leaf[: len(seeds)], found)

    return train


def at_once(seeds: int) -> int:
    """Return how many of the seeds are trained side by side: four to seven, or all of fewer.

    On a CPU one, or two and three, are summed in other orders than four to ten are (by XLA of
    jaxlib 0.10): cut smaller, weights would follow from the cut. An accelerator has room for all.
    """
    if jax.default_backend() != "cpu":
        return units.at_once(seeds, 1)
    return -(-seeds // max(seeds // _ALIKE_FROM, 1))


def trained(survey: Surveyed, settings: Settings, seed: int, start: Params | None = None) -> Params:
    """Return a matcher trained on a survey, from fresh weights or from those of another.

    Raises InputError where there is nothing to learn from.
    """
    how = settings.matcher
    tuned = start is not None
    found = train_on(
        lessons([survey], seed, scans=how.scans),
        [seed],
        start=replicas.stack([start]) if tuned else None,
        epochs=how.tuned_epochs if tuned else how.epochs,
        learning_rate=how.tuned_rate if tuned else how.learning_rate,
    )
    return replicas.take(found, 0)


def surveyed(table: ScanTable, walks: Sequence[Round]) -> Surveyed:
    """Return a table's walks, numbered anew, with when each began: those that have a scan in it.

    walks: those that the table was made of
    """
    numbers, walk = np.unique(table.walk, return_inverse=True)
    began = [walks[number].started_unix_ms for number in numbers]
    known = None if None in began else np.array(began, np.int64)
    return Surveyed(table._replace(walk=walk.astype(np.int32)), known)
