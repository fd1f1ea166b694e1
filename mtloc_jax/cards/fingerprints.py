"""Fingerprints of a survey, and how far apart they are in signal space."""

from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError


class Survey(NamedTuple):
    """Hold fingerprints and where they were taken.

    dbm: f32[S, A], NaN where not heard; xy_m: f64[S, 2]
    """

    dbm: np.ndarray
    xy_m: np.ndarray


def compared(survey: Survey, dbm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return surveyed and asked fingerprints over the access points that the survey heard.

    dbm: f32[M, A], NaN where not heard

    An access point not heard counts as just weaker than the survey's weakest.
    Returns f64[S, B], f64[M, B] in dBm, and bool[M]: which of the asked heard none of them.
    Raises InputError where the survey is empty.
    """
    if not len(survey.dbm):
        raise InputError(
            "no training scan heard an access point", remedy="leave the WiFi baselines out"
        )
    heard = ~np.isnan(survey.dbm).all(axis=0)
    floor_dbm = float(np.nanmin(survey.dbm)) - 1
    known, asked = (rows[:, heard].astype(np.float64) for rows in (survey.dbm, dbm))
    silent: np.ndarray = np.all(np.isnan(asked), axis=1)
    return np.nan_to_num(known, nan=floor_dbm), np.nan_to_num(asked, nan=floor_dbm), silent


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return f64[len(a), len(b)], squared Euclidean distances between rows."""
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.maximum(squared, 0)
