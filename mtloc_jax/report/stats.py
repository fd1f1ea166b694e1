"""How sure a difference is: paired bootstrap (or Student's t), Holm correction, effect size."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_1samp

LEVEL = 0.95
INTERVAL = "bootstrap-t, or Student's below eight seeds"
"""What kind of interval a difference has, in the words of a note."""
N_RESAMPLES = 9_999
_TINY = 1e-9  # of the largest difference: less is rounding
MIN_DRAWN = 4  # of fewer values, an interval says nothing
MIN_RESAMPLED = 8  # of fewer, so many resamples repeat one value that their tails say nothing


@dataclass(frozen=True)
class Difference:
    """Hold the paired difference ours - theirs; negative where ours errs less.

    low_m, high_m: 95 % interval, metres; infinite where there are too few seeds to tell
    p_value:       two-sided, of no difference, not corrected for other claims
    effect:        mean over standard deviation of the paired differences, corrected for few
                   seeds (Hedges); NaN below three seeds or where they all agree exactly
    n_better:      in how many seeds ours errs less
    n_blocks:      test rounds, or blocks of windows, resampled along with the seeds; 1: none
    """

    mean_m: float
    low_m: float
    high_m: float
    p_value: float
    effect: float
    n_better: int
    n_seeds: int
    n_blocks: int

    @property
    def of_the_same(self) -> bool:
        """Say whether all pairs agree exactly: networks compared with themselves."""
        return self.mean_m == self.low_m == self.high_m == 0


def paired_difference(
    ours_m: np.ndarray, theirs_m: np.ndarray, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Difference:
    """Bootstrap the mean difference over paired seeds, and over test rounds where given.

    ours_m, theirs_m: f64[S] or f64[S, B], metres: errors of seed s (on test round or block b)

    The interval is the symmetric bootstrap-t, mean ± q * standard error with q the 95 % quantile
    of the studentised resamples; unlike percentiles it holds its level for few seeds.
    Four to seven values (seeds on one block, or blocks of one seed) are too few to resample: theirs
    is Student's t interval. Fewer than four give no interval and p = 1. Seeds and blocks are
    crossed (all seeds are tested on the same blocks), so both are drawn, independently.
    """
    differences = np.asarray(ours_m, np.float64) - np.asarray(theirs_m, np.float64)
    differences = differences.reshape(len(differences), -1)
    mean = float(differences.mean())
    reach, p_value = np.inf, 1.0
    if MIN_DRAWN <= differences.size < MIN_RESAMPLED and min(differences.shape) == 1:
        reach, p_value = _students(differences.ravel())
    elif max(differences.shape) >= MIN_DRAWN:
        reach, p_value = _reach_and_p(differences, mean, n_resamples, seed)
    of_seed = differences.mean(axis=1)
    return Difference(
        mean_m=mean,
        low_m=mean - reach,
        high_m=mean + reach,
        p_value=p_value,
        effect=_hedges(of_seed),
        n_better=int(np.sum(of_seed < 0)),
        n_seeds=differences.shape[0],
        n_blocks=differences.shape[1],
    )


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct p-values f64[K] for K claims made at once (Holm's step-down), in their order."""
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return corrected


def _reach_and_p(
    differences: np.ndarray, mean: float, n_resamples: int, seed: int
) -> tuple[float, float]:
    """Return half the width of the interval, metres, and the p-value of a mean of 0."""
    centred, scale_m = differences - mean, float(np.abs(differences).max())
    once = [np.ones((1, size)) for size in differences.shape]
    error = _mean_and_error(centred, *once)[1][0]
    means, errors = _mean_and_error(centred, *_draws(differences.shape, n_resamples, seed))
    departures = np.sort(_studentised(means, errors, scale_m))
    observed = _studentised(np.array(mean), np.array(error), scale_m)
    q = departures[math.ceil((n_resamples + 1) * LEVEL) - 1]
    at_least = np.sum(departures >= observed * (1 - 1e-9))
    reach = q * error if np.isfinite(q) else np.inf
    return float(reach), float((1 + at_least) / (1 + n_resamples))


def _students(differences: np.ndarray) -> tuple[float, float]:
    """Return half the width of Student's t interval, metres, and its p-value of a mean of 0."""
    scale_m = max(float(np.abs(differences).max()), _TINY)
    if np.ptp(differences) <= _TINY * scale_m:  # they all agree
        return 0.0, float(differences.mean() == 0)
    found = ttest_1samp(differences, 0.0)
    interval = found.confidence_interval(LEVEL)
    return float(interval.high - interval.low) / 2, float(found.pvalue)


def _draws(shape: tuple[int, ...], n_resamples: int, seed: int) -> list[np.ndarray]:
    """Return how often each seed f64[R, S] and each block f64[R, B] is drawn in each resample."""
    rng = np.random.default_rng(seed)
    return [
        rng.multinomial(size, np.full(size, 1 / size), size=n_resamples).astype(np.float64)
        for size in shape
    ]


def _mean_and_error(
    x: np.ndarray, seed_counts: np.ndarray, block_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard error f64[R] of x f64[S, B] for R weightings of rows and columns.

    The error is that of two crossed random factors: V(seeds) + V(blocks) - V(residual).
    """
    n_seeds, n_blocks = x.shape
    of_seed = block_counts @ x.T / n_blocks
    of_block = seed_counts @ x / n_seeds
    mean = np.sum(seed_counts * of_seed, axis=1) / n_seeds
    seeds_ss = np.sum(seed_counts * (of_seed - mean[:, None]) ** 2, axis=1)
    blocks_ss = np.sum(block_counts * (of_block - mean[:, None]) ** 2, axis=1)
    raw_ss = np.sum(seed_counts * (block_counts @ (x**2).T), axis=1)
    explained_ss = n_seeds * n_blocks * mean**2 + n_blocks * seeds_ss + n_seeds * blocks_ss
    residual_ss = np.maximum(raw_ss - explained_ss, 0)
    seeds_v = seeds_ss / max(n_seeds - 1, 1) / n_seeds
    blocks_v = blocks_ss / max(n_blocks - 1, 1) / n_blocks
    residual_v = residual_ss / max((n_seeds - 1) * (n_blocks - 1), 1) / (n_seeds * n_blocks)
    variance = np.maximum(seeds_v + blocks_v - residual_v, np.maximum(seeds_v, blocks_v))
    return mean, np.sqrt(variance)


def _studentised(departure: np.ndarray, error: np.ndarray, scale_m: float) -> np.ndarray:
    """Return |departure| / error; infinite where one value drawn over and over leaves no error."""
    tiny = _TINY * max(scale_m, _TINY)
    departure = np.abs(departure)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = departure / error
    return np.where(error > tiny, ratio, np.where(departure > tiny, np.inf, 0.0))


def _hedges(of_seed: np.ndarray) -> float:
    n_seeds = len(of_seed)
    spread = of_seed.std(ddof=1) if n_seeds > 2 else 0.0
    if spread == 0:
        return float("nan")
    return float(of_seed.mean() / spread * (1 - 3 / (4 * (n_seeds - 1) - 1)))
