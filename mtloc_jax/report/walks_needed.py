"""How many walks must be surveyed for an error of X metres, by arm: read off curves over walks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax.arms import arm_label
from mtloc_jax.report.by_walk import walk_means
from mtloc_jax.report.headline import ArmAtRate
from mtloc_jax.report.rounds_needed import falling, interval, share_needed
from mtloc_jax.report.rungs import NOTHING, Rung
from mtloc_jax.report.student import Estimate, of_one_sample
from mtloc_jax.rows import Selection, Table, of_arm, select

LEAST_SIZES = 3
"""Of fewer surveys, a curve says nothing of what lies between."""
TARGETS_M = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0)
"""Errors that are asked for, where an arm reaches them and the first arm's curve is not below."""


@dataclass(frozen=True)
class Curve:
    """Hold an arm's mean errors over the same tested walks, by how many walks were surveyed.

    n_walks:  f64[K], rising
    errors_m: f64[B, K], metres, of each tested walk, over seeds, which draw surveys and weights
    """

    arm: ArmAtRate
    n_walks: np.ndarray
    errors_m: np.ndarray

    @property
    def label(self) -> str:
        """Return what tables call the arm."""
        return arm_label(*self.arm)

    @property
    def mean_m(self) -> np.ndarray:
        """Return the mean over walks, f64[K], metres."""
        return self.errors_m.mean(axis=0)

    def band_m(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of 95 % intervals over walks, f64[K] each; not finite below four."""
        if len(self.errors_m) < 4:
            unknown = np.full(len(self.n_walks), np.nan)
            return unknown, unknown
        ends = [Estimate(float(of.mean()), *of_one_sample(of)).interval() for of in self.errors_m.T]
        low, high = np.array(ends).T
        return low, high


@dataclass(frozen=True)
class Needed:
    """Hold how many walks an arm needs for an error; infinite where all are too few.

    low, high: 95 % interval over tested walks; NaN below four
    least:     the fewest walks that were tried: no smaller number can be told from it
    """

    arm: ArmAtRate
    target_m: float
    n_walks: float
    low: float
    high: float
    least: float


def curves(found: Sequence[Rung], sizes: Mapping[str, float], walks: Table) -> list[Curve]:
    """Return the curve of each arm that was run at LEAST_SIZES sizes, in the order of ARMS.

    sizes: variant -> how many walks were surveyed; walks: walks.csv of all of them
    """
    clean = select(walks, split="test", modality=NOTHING)
    names: dict[str, set[str]] = {}
    for rung in found:
        names.setdefault(rung.variant, set()).update(rung.studies)
    made = []
    for arm in dict.fromkeys(rung.arm for rung in found):
        held = sorted({r.variant for r in found if r.arm == arm}, key=lambda v: sizes[v])
        of_size = [walk_means(_within(of_arm(clean, arm), names[variant])) for variant in held]
        same = sorted(set.intersection(*map(set, of_size))) if of_size else []
        if len(held) >= LEAST_SIZES and same:
            errors_m = np.array([[of[place] for of in of_size] for place in same])
            made.append(Curve(arm, np.array([sizes[v] for v in held], np.float64), errors_m))
    return made


def needed(found: Sequence[Curve]) -> list[Needed]:
    """Return what each arm needs for each target, the nearest first; empty without a curve."""
    return [_needed(curve, target_m) for target_m in targets_m(found) for curve in found]


def targets_m(found: Sequence[Curve]) -> list[float]:
    """Return those of TARGETS_M that an arm reaches, and the first not with the least survey."""
    if not found:
        return []
    least_m = min(float(falling(curve.mean_m)[-1]) for curve in found)
    most_m = float(falling(found[0].mean_m)[0])
    return [target_m for target_m in TARGETS_M if least_m <= target_m < most_m]


def _needed(curve: Curve, target_m: float) -> Needed:
    n_walks = share_needed(curve.n_walks, curve.mean_m, target_m)
    ends = interval(curve.n_walks, curve.errors_m, target_m)
    return Needed(curve.arm, target_m, n_walks, *ends, float(curve.n_walks[0]))


def _within(table: Table, studies: set[str]) -> Table:
    keep = np.isin(table["study"], sorted(studies))
    return Selection(table, keep)
