"""Predictors that need no network: what any trained model must beat, and what exposes a leak."""

import numpy as np

from mtloc_jax.cards import gaussian_process
from mtloc_jax.cards.fingerprints import Survey, compared, squared_distances
from mtloc_jax.errors import InputError
from mtloc_jax.sites.site import Site

CONSTANT, ELAPSED_TIME = "constant", "elapsed-time"
KNN, WEIGHTED_KNN, FOREST = "wifi-knn", "wifi-weighted-knn", "wifi-forest"
GAUSSIAN_PROCESS = "wifi-gaussian-process"
BASELINES = (CONSTANT, ELAPSED_TIME, KNN, WEIGHTED_KNN, FOREST, GAUSSIAN_PROCESS)

NEIGHBOURS = 3
_BLOCK = 512  # queries compared at once: bounds the memory of a large survey


def constant(train_xy_m: np.ndarray, n: int) -> np.ndarray:
    """Predict the mean training position `n` times, f64[n, 2] metres."""
    return np.tile(train_xy_m.mean(axis=0), (n, 1))


def elapsed_time(
    train_ms: np.ndarray, train_xy_m: np.ndarray, train_trace: np.ndarray, ms: np.ndarray
) -> np.ndarray:
    """Predict, from the time since a walk began alone, where the training walks were by then.

    train_ms: i64[N] since each walk's start, rising within a walk; train_xy_m: f64[N, 2];
    train_trace: i32[N]; ms: i64[M]. A walk that is over stays where it ended.

    Returns f64[M, 2], metres, the mean over the training walks.
    """
    total = np.zeros((len(ms), 2))
    traces = np.unique(train_trace)
    for trace in traces:
        rows = train_trace == trace
        for axis in (0, 1):
            total[:, axis] += np.interp(ms, train_ms[rows], train_xy_m[rows, axis])
    return total / len(traces)


def nearest(
    survey: Survey, dbm: np.ndarray, k: int = NEIGHBOURS, *, weighted: bool = False
) -> np.ndarray:
    """Predict the mean position of the `k` surveyed fingerprints most alike in signal space.

    dbm:      f32[M, A], NaN where not heard
    weighted: weigh neighbours by the inverse of their distance in dB

    Where none of the survey's access points is heard, its mean position is predicted.
    Returns f64[M, 2], metres. Raises InputError where the survey is empty.
    """
    known, asked, silent = compared(survey, dbm)
    predicted = np.empty((len(dbm), 2))
    for start in range(0, len(dbm), _BLOCK):
        block = slice(start, start + _BLOCK)
        squared = squared_distances(asked[block], known)
        chosen = np.argpartition(squared, range(min(k, len(known))), axis=1)[:, :k]
        weight = np.ones(chosen.shape)
        if weighted:
            weight = 1 / (np.sqrt(np.take_along_axis(squared, chosen, axis=1)) + 1e-3)
        weight /= weight.sum(axis=1, keepdims=True)
        predicted[block] = np.einsum("mk,mka->ma", weight, survey.xy_m[chosen])
    predicted[silent] = survey.xy_m.mean(axis=0)
    return predicted


def forest(survey: Survey, dbm: np.ndarray, seed: int = 0, n_trees: int = 200) -> np.ndarray:
    """Predict with a random forest on fingerprints; arguments and result as `nearest`.

    Raises InputError where scikit-learn is not installed or the survey is empty.
    """
    try:
        from sklearn.ensemble import RandomForestRegressor
    except ImportError:
        raise InputError(
            f"the baseline {FOREST} needs scikit-learn",
            remedy="pip install 'mtloc-jax[baselines]', or leave this baseline out",
        ) from None
    known, asked, silent = compared(survey, dbm)
    trees = RandomForestRegressor(n_trees, random_state=seed, max_features=1 / 3, n_jobs=1)
    trees.fit(known, survey.xy_m)
    predicted = trees.predict(asked)
    predicted[silent] = survey.xy_m.mean(axis=0)
    return predicted


def gaussian(survey: Survey, dbm: np.ndarray, seed: int = 0) -> np.ndarray:
    """Predict with a Gaussian process on fingerprints; arguments and result as `nearest`.

    A survey of more than gaussian_process.MOST_SCANS scans gives that many, drawn by `seed`.
    Raises InputError where the survey is empty.
    """
    known, asked, silent = compared(survey, dbm)
    predicted = gaussian_process.regress(known, survey.xy_m, asked, seed)
    predicted[silent] = survey.xy_m.mean(axis=0)
    return predicted


def survey_of(site: Site, rows: np.ndarray) -> Survey:
    """Return the scans that the windows at `rows` hold, each at the mean position of its windows.

    Scans that heard nothing of the vocabulary are left out.
    """
    scans, which = np.unique(site.scan[rows], return_inverse=True)
    xy_m = site.windows.xy_m[rows]
    count = np.bincount(which)
    centre = np.stack([np.bincount(which, xy_m[:, axis]) / count for axis in (0, 1)], axis=1)
    heard = ~np.isnan(site.wifi_dbm[scans]).all(axis=1)
    return Survey(site.wifi_dbm[scans[heard]], centre[heard])


def elapsed_ms(site: Site) -> np.ndarray:
    """Return, for each window of a site, the time since the first window of its walk, i64[N]."""
    first = np.full(len(site.trace_names), np.iinfo(np.int64).max)
    np.minimum.at(first, site.trace, site.windows.end_ms)
    return site.windows.end_ms - first[site.trace]


def predict(
    baseline: str,
    site: Site,
    train_rows: np.ndarray,
    rows: np.ndarray,
    seed: int = 0,
    k: int = NEIGHBOURS,
) -> np.ndarray:
    """Fit one of BASELINES on the windows `train_rows` of a site and predict those at `rows`.

    seed: of the random forest and of the scans drawn for the Gaussian process
    k:    how many neighbours those baselines average that have some

    Returns f64[len(rows), 2], metres. Raises InputError on an unknown name, where scikit-learn is
    needed but absent, and where the site has no WiFi to compare.
    """
    train_xy_m = site.windows.xy_m[train_rows]
    if baseline == CONSTANT:
        return constant(train_xy_m, len(rows))
    if baseline == ELAPSED_TIME:
        ms = elapsed_ms(site)
        return elapsed_time(ms[train_rows], train_xy_m, site.trace[train_rows], ms[rows])
    if baseline not in BASELINES:
        raise InputError(
            f"there is no baseline {baseline!r}", remedy=f"choose from {', '.join(BASELINES)}"
        )
    survey = survey_of(site, train_rows)
    scans, which = np.unique(site.scan[rows], return_inverse=True)
    dbm = site.wifi_dbm[scans]
    if baseline == FOREST:
        return forest(survey, dbm, seed)[which]
    if baseline == GAUSSIAN_PROCESS:
        return gaussian(survey, dbm, seed)[which]
    return nearest(survey, dbm, k, weighted=baseline == WEIGHTED_KNN)[which]
