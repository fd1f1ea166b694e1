"""Matchers of a study: pretrained on the walks of sources, or trained on a target's survey."""

from collections.abc import Sequence

import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.experts.matcher_lessons import Surveyed, lessons
from mtloc_jax.experts.matcher_training import train_on
from mtloc_jax.experts.scan_table import ScanTable, scan_table
from mtloc_jax.logs.round import Round
from mtloc_jax.settings import Settings
from mtloc_jax.study import replicas
from mtloc_jax.study.curves import Point, curves_of


def pretrained(
    floors: Sequence[Sequence[Round]], settings: Settings
) -> tuple[Params, list[list[Point]]]:
    """Return matchers trained on all walks of some floors, one a seed, stacked, and their curves.

    Raises InputError where there is nothing to learn from.
    """
    tables = [surveyed(scan_table(walks), walks) for walks in floors]
    how = settings.matcher
    found, course = train_on(
        lessons(tables, scans=how.scans),
        range(settings.seeds),
        epochs=how.epochs,
        learning_rate=how.learning_rate,
    )
    return found, curves_of(course)


def trained(
    survey: Surveyed, settings: Settings, seed: int, start: Params | None = None
) -> tuple[Params, list[Point]]:
    """Return a matcher trained on a survey, from fresh weights or from another's, and its curve.

    Raises InputError where there is nothing to learn from.
    """
    how = settings.matcher
    tuned = start is not None
    found, course = train_on(
        lessons([survey], seed, scans=how.scans),
        [seed],
        start=replicas.stack([start]) if tuned else None,
        epochs=how.tuned_epochs if tuned else how.epochs,
        learning_rate=how.tuned_rate if tuned else how.learning_rate,
    )
    return replicas.take(found, 0), curves_of(course)[0]


def surveyed(table: ScanTable, walks: Sequence[Round]) -> Surveyed:
    """Return a table's walks, numbered anew, with when each began: those that have a scan in it.

    walks: those that the table was made of
    """
    numbers, walk = np.unique(table.walk, return_inverse=True)
    began = [walks[number].started_unix_ms for number in numbers]
    known = None if None in began else np.array(began, np.int64)
    return Surveyed(table._replace(walk=walk.astype(np.int32)), known)
