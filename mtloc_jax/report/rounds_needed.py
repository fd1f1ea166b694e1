"""How many rounds must be surveyed for an error of X metres, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import t

from mtloc_jax.arms import FINETUNED, SCRATCH
from mtloc_jax.report.stats import MIN_DRAWN
from mtloc_jax.report.student import LEVEL
from mtloc_jax.report.summary import per_seed
from mtloc_jax.rows import Table, select

MIN_SHARES = 3  # of fewer, a curve says nothing of what lies between
STEPS = 32  # places between two shares at which an interval is looked for
TARGET_SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Demand:
    """Hold one arm's mean errors: shares f64[K], rising; errors_m f64[S, K], metres, by seed."""

    arm: str
    shares: np.ndarray
    errors_m: np.ndarray


@dataclass(frozen=True)
class Needed:
    """Hold the share of the rounds that an arm needs for an error; infinite where not reached.

    least:     the smallest share that was run: no smaller one can be told from it
    low, high: 95 % interval over seeds; NaN below four
    """

    arm: str
    target_m: float
    share: float
    low: float
    high: float
    least: float


def demands(table: Table, arms: Sequence[str] = (SCRATCH, FINETUNED)) -> list[Demand]:
    """Return the clean test errors of those arms of which enough shares were run."""
    clean = select(table, split="test", modality="none")
    found = [_demand(clean, arm) for arm in arms]
    return [one for one in found if len(one.shares) >= MIN_SHARES and len(one.errors_m)]


def targets_m(demand: Demand) -> list[float]:
    """Return round errors, metres, that an arm reaches with TARGET_SHARES of the rounds."""
    fitted = falling(demand.errors_m.mean(axis=0))
    reached = np.interp(TARGET_SHARES, demand.shares, fitted)
    steps = 0.5 * 10 ** np.floor(np.log10(np.maximum(reached, 1e-2)))
    return sorted({round(float(x), 6) for x in np.ceil(reached / steps - 1e-9) * steps})


def needed(found: Sequence[Demand]) -> list[Needed]:
    """Return what each arm needs for each target of the first arm; empty where there is no arm."""
    if not found:
        return []
    targets = targets_m(found[0])
    by_arm = [_needed(demand, targets) for demand in found]
    return [one for same_target in zip(*by_arm, strict=True) for one in same_target]


def share_needed(shares: np.ndarray, errors_m: np.ndarray, target_m: float) -> float:
    """Return the smallest share whose error is at most `target_m`; infinite where none is.

    shares: f64[K], rising; errors_m: f64[K], metres, made to fall first. Below the smallest share
    nothing is known: where it is enough, it is returned.
    """
    return _crossing(shares, falling(errors_m), target_m)


def falling(values: np.ndarray) -> np.ndarray:
    """Return the nearest sequence to f64[K] that never rises: isotonic regression."""
    return isotonic_regression(values, increasing=False).x


def _demand(clean: Table, arm: str) -> Demand:
    of_arm = select(clean, arm=arm)
    shares = np.unique(of_arm["finetune_rate"])
    cells = [per_seed(select(of_arm, finetune_rate=float(s)), ["mean_m"]) for s in shares]
    seeds = set.intersection(*(set(ran.tolist()) for ran, _ in cells)) if cells else set()
    kept = [values[np.isin(ran, list(seeds)), 0] for ran, values in cells]
    return Demand(arm, shares, np.stack(kept, axis=1) if kept else np.empty((0, 0)))


def _needed(demand: Demand, targets: Sequence[float]) -> list[Needed]:
    fitted, least = falling(demand.errors_m.mean(axis=0)), float(demand.shares[0])
    return [
        Needed(
            demand.arm,
            target_m,
            _crossing(demand.shares, fitted, target_m),
            *interval(demand.shares, demand.errors_m, target_m),
            least,
        )
        for target_m in targets
    ]


def interval(shares: np.ndarray, errors_m: np.ndarray, target_m: float) -> tuple[float, float]:
    """Return the shares at which a t test does not tell the mean error from `target_m`, 95 %.

    shares: f64[K], rising; errors_m: f64[S, K], metres. The test inverted, as Fieller's (1954) for
    ratios: the ends are the first such share and the last, as errors fall while shares grow. NaN
    below four seeds.
    """
    if len(errors_m) < MIN_DRAWN:
        return float("nan"), float("nan")
    places = np.linspace(0, len(shares) - 1, 1 + STEPS * (len(shares) - 1))
    whole = np.arange(len(shares))
    fine = np.interp(places, whole, shares)
    by_seed = np.stack([np.interp(places, whole, errors) for errors in pooled(errors_m)])
    mean_m, freedom = by_seed.mean(axis=0), len(errors_m) - 1
    error_m = by_seed.std(axis=0, ddof=1) / len(errors_m) ** 0.5
    reach_m = error_m * t.ppf((1 + LEVEL) / 2, freedom)
    low_m, high_m = mean_m - reach_m, mean_m + reach_m
    first = _crossing(fine, np.minimum.accumulate(low_m), target_m)
    last = _crossing(fine, np.maximum.accumulate(high_m[::-1])[::-1], target_m)
    return first, last


def pooled(errors_m: np.ndarray) -> np.ndarray:
    """Average f64[S, K] over the shares that isotonic regression of their mean puts together."""
    blocks = isotonic_regression(errors_m.mean(axis=0), increasing=False).blocks
    sizes = np.diff(blocks)
    return np.repeat(np.add.reduceat(errors_m, blocks[:-1], axis=1) / sizes, sizes, axis=1)


def _crossing(shares: np.ndarray, fitted: np.ndarray, target_m: float) -> float:
    at = int(np.sum(fitted > target_m + 1e-9))  # it never rises: these are the first
    if at == len(fitted):
        return float("inf")
    if at == 0:
        return float(shares[0])
    above, below = fitted[at - 1], fitted[at]
    part = min(1.0, (above - target_m) / (above - below))
    return float(shares[at - 1] + part * (shares[at] - shares[at - 1]))
