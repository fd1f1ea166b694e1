"""Predictors that need no network: what any trained model must beat, and what exposes a leak.

What they compare is a survey: each training scan once, at the mean position of its windows.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.survey import Fingerprints, survey_of

# scikit-learn takes a second to import, and every arm's name leads here.
if TYPE_CHECKING:
    from sklearn.gaussian_process import GaussianProcessRegressor

NEIGHBOURS = 3
COSINE_NEIGHBOURS = 5
MOST_SCANS = 1000
"""A Gaussian process's time grows with the cube of its scans: of more, that many are drawn."""

_TREES, _FEATURES = 200, 1 / 3
_NEAREST_DB = 1e-3  # added to distances, so that a fingerprint met again does not weigh infinitely
_LENGTHS = (0.125, 0.25, 0.5, 1.0, 2.0)  # of the median distance between two scans
_NOISES = (1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)  # variance of the noise over that of the kernel

Regress = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(known levels f64[S, B], their positions f64[S, 2], levels asked f64[M, B]) -> f64[M, 2]"""
Level = Callable[[np.ndarray, Fingerprints], np.ndarray]
"""(dBm f64[S, B] with NaN where not heard, the survey) -> levels f64[S, B], 0 where not heard"""


class Predictor(Protocol):
    """Predict where windows of a site were, from windows of it whose positions are known."""

    def __call__(
        self,
        site: Site,
        train: np.ndarray,
        asked: np.ndarray,
        seed: int = 0,
        k: int = NEIGHBOURS,
    ) -> np.ndarray:
        """Return positions f64[M, 2] in metres of the windows `asked`.

        train: i64[N], the windows it may learn from; asked: i64[M]
        seed:  of what is random in it; k: how many neighbours it averages, where it has some

        Raises InputError where it compares WiFi and no training scan heard an access point.
        """


def constant(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = NEIGHBOURS
) -> np.ndarray:
    """Predict the mean training position; arguments and result as `Predictor`."""
    return np.tile(site.windows.xy_m[train].mean(axis=0), (len(asked), 1))


def elapsed_time(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = NEIGHBOURS
) -> np.ndarray:
    """Predict, from the time since a walk began alone, where the training walks were by then.

    The mean over the training walks; one that is over stays where it ended. Arguments and result as
    `Predictor`.
    """
    ms, xy_m = _elapsed_ms(site), site.windows.xy_m
    walks = [train[site.trace[train] == trace] for trace in np.unique(site.trace[train])]
    there = [[np.interp(ms[asked], ms[w], xy_m[w, axis]) for axis in (0, 1)] for w in walks]
    return np.mean(there, axis=0).T


def knn(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = NEIGHBOURS
) -> np.ndarray:
    """Predict the mean position of the `k` surveyed scans most alike in signal space.

    Arguments, result and errors as `Predictor`. Of equally near scans those surveyed first count.
    Where none of the survey's access points is heard, its mean position is predicted.
    """
    return _by_fingerprint(site, train, asked, partial(_neighbours, k=k, weighted=False))


def weighted_knn(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = NEIGHBOURS
) -> np.ndarray:
    """Predict as `knn`, neighbours weighted by the inverse of their distance in dB."""
    return _by_fingerprint(site, train, asked, partial(_neighbours, k=k, weighted=True))


def cosine_knn(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = COSINE_NEIGHBOURS
) -> np.ndarray:
    """Predict as `knn`, from levels of 1 to 70 dB above -100 dBm, most alike by cosine.

    As usual where phones differ in gain: a scan that is louder throughout is the same scan.
    """
    nearest = partial(_neighbours, k=k, weighted=False, metric="cosine")
    return _by_fingerprint(site, train, asked, nearest, _above_100_dbm)


def forest(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = NEIGHBOURS
) -> np.ndarray:
    """Predict with a random forest on fingerprints; otherwise as `knn`."""
    return _by_fingerprint(site, train, asked, partial(_forest, seed=seed))


def gaussian_process(
    site: Site, train: np.ndarray, asked: np.ndarray, seed: int = 0, k: int = NEIGHBOURS
) -> np.ndarray:
    """Predict with a Gaussian process on fingerprints, MOST_SCANS at most; otherwise as `knn`."""
    return _by_fingerprint(site, train, asked, partial(_process, seed=seed))


def _above_weakest(dbm: np.ndarray, survey: Fingerprints) -> np.ndarray:
    """Return dB above "not heard", which counts as 1 dB weaker than the survey's weakest."""
    return np.nan_to_num(dbm - (float(np.nanmin(survey.dbm)) - 1), nan=0.0)


def _above_100_dbm(dbm: np.ndarray, survey: Fingerprints) -> np.ndarray:
    return np.nan_to_num(np.clip(dbm + 100, 1, 70), nan=0.0)


def _by_fingerprint(
    site: Site,
    train: np.ndarray,
    asked: np.ndarray,
    regress: Regress,
    level: Level = _above_weakest,
) -> np.ndarray:
    """Predict f64[M, 2] by a regression on levels over the access points that the survey heard."""
    survey = survey_of(site, train)
    if not len(survey.dbm):
        raise InputError(
            f"no training scan of {site.name} heard an access point",
            remedy="leave out the predictors that compare WiFi",
        )
    scans, which = np.unique(site.scan[asked], return_inverse=True)
    columns = ~np.isnan(survey.dbm).all(axis=0)
    known, levels = (
        level(dbm[:, columns].astype(np.float64), survey)
        for dbm in (survey.dbm, site.wifi_dbm[scans])
    )
    predicted = np.tile(survey.xy_m.mean(axis=0), (len(scans), 1))
    heard = ~np.isnan(site.wifi_dbm[scans][:, columns]).all(axis=1)
    if heard.any():
        # Those asked repeat fingerprints too: one answer serves.
        distinct, again = np.unique(levels[heard], axis=0, return_inverse=True)
        predicted[heard] = regress(known, survey.xy_m, distinct)[again]
    return predicted[which]


def _neighbours(
    known: np.ndarray,
    xy_m: np.ndarray,
    asked: np.ndarray,
    k: int,
    weighted: bool,
    metric: str = "euclidean",
) -> np.ndarray:
    from sklearn.metrics.pairwise import pairwise_distances_chunked

    # Published surveys repeat fingerprints so often that most choices are between equally near
    # ones. KNeighborsRegressor's depend on the number of threads: here, those surveyed first count.
    def predicted(apart: np.ndarray, _: int) -> np.ndarray:
        nearest = np.argsort(apart, axis=1, kind="stable")[:, :k]
        away = np.take_along_axis(apart, nearest, axis=1)
        weight = 1 / (away + _NEAREST_DB) if weighted else np.ones_like(away)
        return np.einsum("mk,mka->ma", weight / weight.sum(axis=1, keepdims=True), xy_m[nearest])

    blocks = pairwise_distances_chunked(asked, known, metric=metric, reduce_func=predicted)
    return np.concatenate(list(blocks))


def _forest(known: np.ndarray, xy_m: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(_TREES, random_state=seed, max_features=_FEATURES, n_jobs=1)
    return model.fit(known, xy_m).predict(asked)


def _process(known: np.ndarray, xy_m: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """Predict with the length and noise of a small grid under which the survey is likeliest.

    One squared-exponential kernel serves both axes. A grid, as the optimum often lies on the bounds
    of a search, and the best variance of the kernel is known in closed form.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    if len(known) > MOST_SCANS:
        drawn = np.sort(np.random.default_rng(seed).permutation(len(known))[:MOST_SCANS])
        known, xy_m = known[drawn], xy_m[drawn]
    centre_m = xy_m.mean(axis=0)
    apart_db = float(np.median(euclidean_distances(known))) or 1.0
    fits = (
        _fitted(known, xy_m - centre_m, length * apart_db, noise)
        for length in _LENGTHS
        for noise in _NOISES
    )
    return centre_m + max(fits, key=_log_likelihood).predict(asked)


def _fitted(
    known: np.ndarray, xy_m: np.ndarray, length_db: float, noise: float
) -> "GaussianProcessRegressor":
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import PairwiseKernel

    # The same kernel as kernels.RBF, which measures distances in up to ten times the time.
    kernel = PairwiseKernel(gamma=1 / (2 * length_db**2), metric="rbf")
    return GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(known, xy_m)


def _log_likelihood(fit: "GaussianProcessRegressor") -> float:
    """Return the log likelihood of both axes but for constants, the kernel's variance at its best.

    The prediction does not depend on that variance: noise is given as a share of it.
    """
    xy_m = fit.y_train_
    variance = max(float(np.mean(xy_m * fit.alpha_)), 1e-12)
    log_determinant = 2 * np.log(np.diag(fit.L_)).sum()
    return -0.5 * (xy_m.size * np.log(variance) + xy_m.shape[1] * log_determinant)


def _elapsed_ms(site: Site) -> np.ndarray:
    """Return, for each window of a site, the time since the first window of its walk, i64[N]."""
    first = np.full(len(site.trace_names), np.iinfo(np.int64).max)
    np.minimum.at(first, site.trace, site.windows.end_ms)
    return site.windows.end_ms - first[site.trace]
