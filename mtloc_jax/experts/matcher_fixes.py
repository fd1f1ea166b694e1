"""Locate scans by trained matchers: in any building, the moment that a survey is there."""

import jax
import numpy as np

from mtloc_jax.core.model import Params, apply
from mtloc_jax.errors import InputError
from mtloc_jax.experts.matcher import Told
from mtloc_jax.experts.matcher_training import PROBLEM
from mtloc_jax.experts.nearest import Located, survey_mean, surveyed
from mtloc_jax.experts.pair_features import Known, Pairs, pairs, pairs_with
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.experts.similarity import aligned

_SIZES = (1, 32, 256)  # scans at a time: few shapes, so that programs serve all surveys


def locate(params: Params, survey: ScanTable, asked: ScanTable) -> Located:
    """Return positions f64[R, M, 2] and sigma f64[R, M] of scans, by R matchers stacked.

    A scan that shares no access point with the survey lies at its mean, as far off as it is wide.
    Raises InputError where the survey is empty.
    """
    survey, asked = aligned(surveyed(survey), asked)
    n_walks = asked.walk.max(initial=0) + 1, survey.walk.max(initial=0) + 1
    return locate_by(params, Known(survey, np.ones(n_walks, bool)), asked)


def locate_by(params: Params, known: Known, asked: ScanTable) -> Located:
    """Locate as `locate` does by a survey that many scans are compared with.

    asked: over the access points of that survey
    """
    found = pairs_with(known, asked)
    return _or_mean(known.survey.xy_m, place(params, found), found.mask)


def locate_each_walk(params: Params, table: ScanTable) -> Located:
    """Locate each walk of a table by the survey of all others: f64[R, S, 2], f64[R, S].

    Raises InputError where there is one walk alone.
    """
    n_walks = int(table.walk.max(initial=-1)) + 1
    if len(np.unique(table.walk)) < 2:
        raise InputError("a walk alone has no survey", remedy="give at least two walks with scans")
    found = pairs(table, table, ~np.eye(n_walks, dtype=bool))
    xy_m, sigma_m = place(params, found)
    for walk in np.unique(table.walk[~found.mask.any(axis=1)]):
        own = table.walk == walk
        of_walk = _or_mean(table.xy_m[~own], (xy_m[:, own], sigma_m[:, own]), found.mask[own])
        xy_m[:, own], sigma_m[:, own] = of_walk
    return xy_m, sigma_m


def place(params: Params, found: Pairs) -> Located:
    """Return positions f64[R, M, 2] and sigma f64[R, M] of scans, by R matchers stacked.

    Features may be computed once for many matchers. Of a scan without a candidate they say nothing.
    """
    n, runs = len(found.mask), len(jax.tree.leaves(params)[0])
    xy_m, sigma_m = np.zeros((runs, n, 2)), np.zeros((runs, n))
    origin = found.xy_m[:, :1]  # near the scan, so that single precision is enough
    for first in range(0, n, _SIZES[-1]):
        real = min(n - first, _SIZES[-1])
        size = next(size for size in _SIZES if real <= size)
        rows = np.minimum(first + np.arange(size), n - 1)
        near = found.xy_m[rows] - origin[rows]
        told = _told(params, found.features[rows], near, found.mask[rows])
        last = first + real
        xy_m[:, first:last] = np.asarray(told.xy_m)[:, :real] + origin[first:last, 0].astype(float)
        sigma_m[:, first:last] = np.exp(np.asarray(told.log_sigma, float))[:, :real]
    return xy_m, sigma_m


@jax.jit
def _told(params: Params, features: jax.Array, xy_m: jax.Array, mask: jax.Array) -> Told:
    def of_one(one: Params) -> Told:
        return apply(PROBLEM.network, one, features, xy_m, mask, method="tell")  # type: ignore[return-value]

    return jax.vmap(of_one)(params)


def _or_mean(survey_m: np.ndarray, told: Located, mask: np.ndarray) -> Located:
    """Return what was told, or the survey's mean and width where there was no candidate."""
    centre, wide_m = survey_mean(survey_m)
    xy_m, sigma_m = told
    return (
        np.where(mask.any(axis=1, keepdims=True), xy_m, centre),
        np.where(mask.any(axis=1), sigma_m, wide_m),
    )
