"""Which expert errs least on a survey: its walks, each located by all the others."""

from collections.abc import Mapping

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.prediction.live_fixes import LiveFixes
from mtloc_jax.prediction.placing import Place
from mtloc_jax.prediction.survey import Survey
from mtloc_jax.sites.windows import interpolate

WALKS = 20
"""So many walks of a survey choose, spread evenly over all."""


def spread(survey: Survey, most: int = WALKS) -> np.ndarray:
    """Return the numbers of some of a survey's walks i64[N], spread evenly over all."""
    n_walks = len(survey.walks)
    return np.unique(np.linspace(0, n_walks - 1, min(most, n_walks)).round().astype(int))


def least(survey: Survey, places: Mapping[str, Place], *, most: int = WALKS) -> str:
    """Return the expert whose places of scans err least, in the mean; of two alike the first.

    Raises InputError where the survey has one walk alone, or its walks no scan.
    """
    if len(survey.walks) < 2:
        raise InputError(
            f"one walk of {survey.name} chooses no expert: it takes one to locate by others",
            remedy=f"name one: {', '.join(places)}",
        )
    off_m: dict[str, list[np.ndarray]] = {name: [] for name in places}
    for number in spread(survey, most):
        walk = survey.walks[number]
        table = survey.without(walk).table
        for name, place in places.items():
            off_m[name].append(_off_m(walk, LiveFixes(place, table)))
    joined = {name: np.concatenate(parts) for name, parts in off_m.items()}
    if not any(map(len, joined.values())):
        raise InputError(
            f"no walk of {survey.name} has a scan to choose an expert by",
            remedy=f"name one: {', '.join(places)}",
        )
    return min(joined, key=lambda name: joined[name].mean())


def _off_m(walk: Round, fixes: LiveFixes) -> np.ndarray:
    """Return how far off the scans of a walk are placed that were heard between its waypoints."""
    found, _ = fixes.until(walk, int(walk.wifi.t_ms.max(initial=0)))
    first_ms, last_ms = walk.waypoint_t_ms[[0, -1]]
    known = (found.heard_ms >= first_ms) & (found.heard_ms <= last_ms)
    true_m = interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, found.heard_ms[known])
    return np.linalg.norm(found.xy_m[known] - true_m, axis=1)
