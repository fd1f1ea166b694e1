"""What a survey is to those who are located: its scans, and how near it came to where they are."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from mtloc_jax.sites.site import Site


class Fingerprints(NamedTuple):
    """Hold fingerprints and where they were taken.

    dbm: f32[S, A], NaN where not heard; xy_m: f64[S, 2]
    """

    dbm: np.ndarray
    xy_m: np.ndarray


def survey_of(site: Site, rows: np.ndarray) -> Fingerprints:
    """Return the scans that the windows at `rows` hold, each at the mean position of its windows.

    Scans that heard nothing of the vocabulary are left out.
    """
    scans, which = np.unique(site.scan[rows], return_inverse=True)
    xy_m = site.windows.xy_m[rows]
    count = np.bincount(which)
    centre = np.stack([np.bincount(which, xy_m[:, axis]) / count for axis in (0, 1)], axis=1)
    heard = ~np.isnan(site.wifi_dbm[scans]).all(axis=1)
    return Fingerprints(site.wifi_dbm[scans[heard]], centre[heard])


EDGES_M = (3, 6, 10, 20)
BANDS = ("0-3 m", "3-6 m", "6-10 m", "10-20 m", "over 20 m")
"""Bands of distance between EDGES_M; a distance on an edge lies in the farther one."""
BEFORE_SCAN = "before the first scan"


class Coverage(NamedTuple):
    """Hold how a survey covers windows.

    position_m, scan_m: f64[M], metres to the nearest surveyed position, and to the nearest surveyed
                        scan (infinite where none heard an access point)
    before_scan:        bool[M], whether no scan of its walk had arrived yet
    """

    position_m: np.ndarray
    scan_m: np.ndarray
    before_scan: np.ndarray

    def banded(self, away_m: np.ndarray) -> dict[str, np.ndarray]:
        """Return band -> which windows lie in it, bool[M]; those before a scan are apart.

        away_m: `position_m` or `scan_m`. Bands without a window are left out.
        """
        band = np.where(self.before_scan, len(BANDS), np.digitize(away_m, EDGES_M))
        return {
            name: band == at for at, name in enumerate((*BANDS, BEFORE_SCAN)) if (band == at).any()
        }


def coverage(site: Site, train: np.ndarray, asked: np.ndarray) -> Coverage:
    """Return how the windows `train` i64[N] of a site, its survey, cover those `asked` i64[M]."""
    xy_m, survey = site.windows.xy_m, survey_of(site, train)
    return Coverage(
        away_m(xy_m[train], xy_m[asked]),
        away_m(survey.xy_m, xy_m[asked]),
        before_scan(site)[asked],
    )


def away_m(known_m: np.ndarray, asked_m: np.ndarray) -> np.ndarray:
    """Return the distances f64[M] of positions f64[M, 2] to the nearest of f64[N, 2], metres.

    Infinite where none is known.
    """
    if not len(known_m):
        return np.full(len(asked_m), np.inf)
    return KDTree(known_m).query(asked_m)[0]


def before_scan(site: Site) -> np.ndarray:
    """Say which windows of a site end before the first scan of their walk, bool[N].

    The first is the first that a window holds. None does where there is no scan in the whole site.
    """
    held, end_ms = site.windows.scan >= 0, site.windows.end_ms
    first_ms = np.full(len(site.trace_names), np.iinfo(np.int64).max)
    np.minimum.at(first_ms, site.trace[held], end_ms[held])
    return (end_ms < first_ms[site.trace]) & held.any()
