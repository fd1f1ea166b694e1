"""How often positions lie within the radius stated of them, and within a calibrated one."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mtloc_jax.sites.survey import Coverage
from mtloc_jax.tracking.radius import WITHIN_90, covered, factor, fewest_walks

STATED, CALIBRATED = "stated", "calibrated"
ALL = "all"
FOLDS = 5
"""Where every walk is tested, a fifth of the walks in turn is calibrated by the others."""
LOW = 0.8
"""Of a walk covered less, the rows count how many there are."""

Row = dict[str, Any]


def rows(
    error_m: np.ndarray, sigma_m: np.ndarray, walk: np.ndarray, near: Coverage, scale: np.ndarray
) -> Iterator[Row]:
    """Yield how the stated and the calibrated 90 % radius cover errors f64[N], by band.

    sigma_m: f64[N], of either coordinate; walk: int[N]; near: how the survey covers these windows
    scale: f64[N], by what `calibrated` multiplies sigma; NaN where too few walks calibrate it
    """
    for name, radius_m in ((STATED, WITHIN_90 * sigma_m), (CALIBRATED, scale * sigma_m)):
        bands = {ALL: np.ones(len(walk), bool)} | near.banded(near.position_m)
        for band, held in bands.items():
            known = not np.isnan(radius_m[held]).any()
            found = covered(error_m[held], radius_m[held], walk[held])
            yield {
                "radius": name,
                "band": band,
                "n_walks": len(found.by_walk),
                "n_windows": held.sum(),
                "covered": found.pooled if known else np.nan,
                "radius_m": radius_m[held].mean() if known else np.nan,
                "walks_below": np.sum(found.by_walk < LOW) if known else np.nan,
            }


def by_others(error_m: np.ndarray, sigma_m: np.ndarray, walk: np.ndarray) -> np.ndarray:
    """Return by what to multiply sigma f64[N] for a radius calibrated on walks of other folds.

    Walks are dealt to folds in turn. NaN where too few walks are left to calibrate.
    """
    scale = np.full(len(walk), np.nan)
    _, which = np.unique(walk, return_inverse=True)
    for fold in range(FOLDS):
        tested = which % FOLDS == fold
        scale[tested] = by(error_m[~tested], sigma_m[~tested], walk[~tested])
    return scale


def by(error_m: np.ndarray, sigma_m: np.ndarray, walk: np.ndarray) -> float:
    """Return by what to multiply sigma, calibrated on these windows; NaN for too few walks."""
    if len(np.unique(walk)) < fewest_walks():
        return float("nan")
    return factor(error_m, sigma_m, walk)
