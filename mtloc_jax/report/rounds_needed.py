"""How many rounds must be surveyed for an error of X metres, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from mtloc_jax.arms import FINETUNED, SCRATCH
from mtloc_jax.report.stats import LEVEL, MIN_DRAWN
from mtloc_jax.report.summary import per_seed
from mtloc_jax.rows import Table, select

MIN_SHARES = 3  # of fewer, a curve says nothing of what lies between
N_RESAMPLES = 2_000
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
    low, high: 95 % interval; NaN below four seeds
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
    shares, n_seeds = demand.shares, len(demand.errors_m)
    draws = np.random.default_rng(0).integers(0, n_seeds, (N_RESAMPLES, n_seeds))
    curves = [demand.errors_m.mean(axis=0)]
    if n_seeds >= MIN_DRAWN:
        curves += list(demand.errors_m[draws].mean(axis=1))
    fitted = [falling(curve) for curve in curves]
    found = []
    for target_m in targets:
        share, *drawn = (_crossing(shares, curve, target_m) for curve in fitted)
        found.append(Needed(demand.arm, target_m, share, *_ends(drawn), float(shares[0])))
    return found


def _crossing(shares: np.ndarray, fitted: np.ndarray, target_m: float) -> float:
    at = int(np.sum(fitted > target_m + 1e-9))  # it never rises: these are the first
    if at == len(fitted):
        return float("inf")
    if at == 0:
        return float(shares[0])
    above, below = fitted[at - 1], fitted[at]
    part = min(1.0, (above - target_m) / (above - below))
    return float(shares[at - 1] + part * (shares[at] - shares[at - 1]))


def _ends(drawn: list[float]) -> tuple[float, float]:
    """Return the 95 % interval of resampled shares, some infinite; NaN where there are none."""
    if not drawn:
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail), method="inverted_cdf")
    return float(low), float(high)
