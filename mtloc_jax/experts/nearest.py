"""Nearest neighbours: a scan lies at the mean of the surveyed scans most like it."""

from collections.abc import Callable

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.experts.kaggle_distance import kaggle_distance
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.similarity import aligned, cosine, fresh

NEIGHBOURS = 5
KAGGLE_NEIGHBOURS, KAGGLE_POWER = 8, 4
LEAST_SIGMA_M = 4.0
"""Neighbours agree by chance: no fix is held to be surer, along either axis."""
_NEAREST_DB = 1e-3  # added to distances, so that a scan met again does not weigh infinitely

Located = tuple[np.ndarray, np.ndarray]
"""Positions f64[M, 2] in metres, and the standard deviation f64[M] of either coordinate."""
Expert = Callable[[ScanTable, ScanTable], Located]
"""(survey, scans asked) -> where these were. A scan that shares no access point with the survey
lies at its mean, as far off as it is wide."""


def nearest_cosine(survey: ScanTable, asked: ScanTable, k: int = NEIGHBOURS) -> Located:
    """Return the mean of the `k` scans of most similar cosine, of entries fresh within 4 s.

    Only scans that share an access point with the one asked are neighbours. sigma: the neighbours'
    root mean square spread along an axis, LEAST_SIGMA_M at least. Raises InputError where the
    survey is empty.
    """
    survey, asked = aligned(*_surveyed(survey, asked))
    alike = cosine(fresh(asked), fresh(survey))
    near = _first(-alike, k)
    return _mean(survey, near, (np.take_along_axis(alike, near, axis=1) > 0).astype(float))


def nearest_kaggle(
    survey: ScanTable, asked: ScanTable, k: int = KAGGLE_NEIGHBOURS, power: float = KAGGLE_POWER
) -> Located:
    """Return the mean of the `k` scans nearest by `kaggle_distance`, weighted by distance^-power.

    Otherwise as `nearest_cosine`.
    """
    survey, asked = aligned(*_surveyed(survey, asked))
    distance = kaggle_distance(asked, survey).distance
    # A distance cannot tell "nothing shared" from "little shared".
    shared = (asked.level > 0).astype(np.float32) @ (survey.level > 0).astype(np.float32).T
    near = _first(np.where(shared > 0, distance, np.inf), k)
    weight = (np.take_along_axis(distance, near, axis=1).astype(float) + _NEAREST_DB) ** -power
    return _mean(survey, near, weight * (np.take_along_axis(shared, near, axis=1) > 0))


def each_walk(expert: Expert, table: ScanTable) -> Located:
    """Locate each walk of a table by the survey of all others: f64[S, 2], f64[S].

    Raises InputError where there is one walk alone.
    """
    xy_m, sigma_m = np.zeros((len(table.level), 2)), np.zeros(len(table.level))
    for walk in np.unique(table.walk):
        own = table.walk == walk
        xy_m[own], sigma_m[own] = expert(table.at(~own), table.at(own))
    return xy_m, sigma_m


def survey_mean(xy_m: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the mean f64[2] of positions f64[S, 2], and their root mean square spread an axis.

    The spread is LEAST_SIGMA_M at least.
    """
    centre = xy_m.mean(axis=0)
    return centre, max(float(np.sqrt(((xy_m - centre) ** 2).mean())), LEAST_SIGMA_M)


def surveyed(survey: ScanTable) -> ScanTable:
    """Return a survey; raises InputError where it holds no scan."""
    if not len(survey.level):
        raise InputError("the survey holds no scan", remedy="survey at least one walk with WiFi")
    return survey


def _surveyed(survey: ScanTable, asked: ScanTable) -> tuple[ScanTable, ScanTable]:
    return surveyed(survey), asked


def _first(distance: np.ndarray, k: int) -> np.ndarray:
    """Return the columns i64[M, k] of the least distances, the nearest first."""
    return np.argsort(distance, axis=1, kind="stable")[:, :k]


def _mean(survey: ScanTable, near: np.ndarray, weight: np.ndarray) -> Located:
    total = weight.sum(axis=1, keepdims=True)
    there = survey.xy_m[near]
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)[..., None]
    xy_m = (share * there).sum(axis=1)
    spread = np.sqrt((share * (there - xy_m[:, None]) ** 2).sum(axis=1).mean(axis=1))
    centre, wide_m = survey_mean(survey.xy_m)
    alone = total[:, 0] == 0
    return np.where(alone[:, None], centre, xy_m), np.where(
        alone, wide_m, np.maximum(spread, LEAST_SIGMA_M)
    )
