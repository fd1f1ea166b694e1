"""Whether differences fall into two groups: then Student's interval says too much.

The test for clusters of Engelman and Hartigan (1969, JASA 64, 1647): the largest share of the sum
of squares that lies between two groups, over all ways to cut the sorted values in two, against the
same share of normal samples. Its percentage points are simulated here, once a size.
"""

from functools import cache

import numpy as np

FALSE_ALARMS = 0.05
LEAST = 4
_N_SIMULATED = 20_000
_TINY = 1e-9  # of the largest value: less is rounding


def in_two_groups(values: np.ndarray) -> bool:
    """Say whether f64[N] fall into two groups as normal samples do in 1 of 20 cases.

    False below 4 values, where nothing can be told, and where all are equal.
    """
    span = np.ptp(values)
    if len(values) < LEAST or span <= _TINY * np.abs(values).max():
        return False
    within = (values - values.min()) / span  # the smallest differences have squares that are 0
    return bool(share_between(within[None])[0] > critical_share(len(values)))


def share_between(values: np.ndarray) -> np.ndarray:
    """Return the largest share f64[R] of the sum of squares between two groups of f64[R, N]."""
    n = values.shape[1]
    ordered = np.sort(values, axis=1)
    ordered -= ordered.mean(axis=1, keepdims=True)
    sums, sizes = np.cumsum(ordered, axis=1)[:, :-1], np.arange(1, n)
    between = sums**2 * (1 / sizes + 1 / sizes[::-1])  # the other group's sum is its negative
    return between.max(axis=1) / np.sum(ordered**2, axis=1)


@cache
def critical_share(n: int) -> float:
    """Return the share that a normal sample of N exceeds in 1 of 20 cases."""
    normal = np.random.default_rng(n).normal(size=(_N_SIMULATED, n))
    return float(np.quantile(share_between(normal), 1 - FALSE_ALARMS))
