"""A radius that holds: sigma times a factor that covered so many positions of other walks.

Split conformal prediction for data in groups (Dunn, Wasserman and Ramdas, Distribution-Free
Prediction Sets for Two-Layer Hierarchical Models, 2023): positions of one walk depend on each
other, so it is walks that count, each as much as any other. If walks are exchangeable, a position
drawn from a new walk lies within its radius with at least the probability asked for, whatever
sigma is worth.
"""

import math
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError

LEVEL = 0.9
WITHIN_90 = float(np.sqrt(-2 * np.log(1 - LEVEL)))
"""A circle of so many standard deviations of either coordinate holds 90 % of a round Gaussian."""
_ROUNDING = 1e-9


class Covered(NamedTuple):
    """Hold the share of positions within their radius: of all, and f64[W] of each walk."""

    pooled: float
    by_walk: np.ndarray


def fewest_walks(level: float = LEVEL) -> int:
    """Return how many walks must calibrate a radius that covers `level`: 9 for 0.9."""
    return math.ceil(level / (1 - level) - _ROUNDING)


def factor(
    error_m: np.ndarray, sigma_m: np.ndarray, walk: np.ndarray, level: float = LEVEL
) -> float:
    """Return by what to multiply sigma so that a position of a new walk lies within.

    error_m, sigma_m: f64[N] at positions of walks whose truth is known; walk: int[N], whose

    Raises InputError where there are fewer than `fewest_walks`: no finite radius holds then.
    """
    _, which, count = np.unique(walk, return_inverse=True, return_counts=True)
    if len(count) < fewest_walks(level):
        raise InputError(
            f"{len(count)} walks calibrate no radius of {100 * level:g} %",
            remedy=f"survey {fewest_walks(level)} walks or more, or ask for less",
        )
    score = error_m / sigma_m
    order = np.argsort(score)
    # Of a new walk nothing is known: it weighs as much as each of the others, at infinity.
    weight = 1 / count[which[order]] / (len(count) + 1)
    reached = np.searchsorted(np.cumsum(weight), level - _ROUNDING)
    return float(score[order[min(int(reached), len(order) - 1)]])


def covered(error_m: np.ndarray, radius_m: np.ndarray, walk: np.ndarray) -> Covered:
    """Return how often the errors f64[N] of walks int[N] lie within their radii f64[N]."""
    inside = error_m <= radius_m
    _, which = np.unique(walk, return_inverse=True)
    by_walk = np.bincount(which, inside) / np.bincount(which)
    return Covered(float(inside.mean()) if len(inside) else math.nan, by_walk)
