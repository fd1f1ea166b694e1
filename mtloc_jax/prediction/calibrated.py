"""A radius that holds on a floor: how far off its own walks are, each located by all the others."""

import numpy as np

from mtloc_jax.prediction import live
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.chosen import spread
from mtloc_jax.prediction.said import truth_m
from mtloc_jax.tracking.radius import LEVEL, factor

WALKS = 20
"""So many walks of a survey calibrate it, spread evenly over all: each costs as much as a log."""
EVERY_S = 1.0


def calibrated_within(by: BySurvey, *, most: int = WALKS, level: float = LEVEL) -> float:
    """Return how many standard deviations the radius must be to hold `level` of a new walk.

    As tracking.radius.factor says it, by rows after each walk's first scan. Raises InputError where
    fewer walks than it needs were surveyed, or one cannot be located.
    """
    walks = by.survey.walks
    errors_m, sigmas_m, whose = [], [], []
    for number in spread(len(walks), most):
        said = live.located(by, walks[number])
        off_m = np.linalg.norm(said.xy_m - truth_m(walks[number], said.t_ms), axis=1)
        rows = np.flatnonzero(~np.isnan(off_m) & ~np.isnan(said.scan_age_s))
        rows = rows[:: int(EVERY_S * 10)]
        errors_m.append(off_m[rows])
        sigmas_m.append(said.radius_m[rows] / by.within)
        whose.append(np.full(len(rows), number))
    error_m, sigma_m, walk = map(np.concatenate, (errors_m, sigmas_m, whose))
    return factor(error_m, sigma_m, walk, level)
