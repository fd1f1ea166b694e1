"""Whether differences fall into two groups: then Student's interval says too much.

The test for clusters of Engelman and Hartigan (1969, JASA 64, 1647): the largest share of the sum
of squares that lies between two groups, over all ways to cut the sorted values in two, against the
same share of normal samples. Its percentage points are simulated here, once a size.
"""

from functools import cache

import numpy as np

FALSE_ALARMS = 0.05
LEAST = 4
_N_SIMULATED, _LEAST_SIMULATED = 20_000, 1_000
_VALUES = 20_000_000  # drawn in all: the larger samples are, the less their shares differ
_AT_ONCE = 2_000_000  # of them held in memory
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
    rng, rows = np.random.default_rng(n), max(1, _AT_ONCE // n)
    n_simulated = min(_N_SIMULATED, max(_LEAST_SIMULATED, _VALUES // n))
    drawn = (min(rows, n_simulated - begin) for begin in range(0, n_simulated, rows))
    shares = [share_between(rng.normal(size=(k, n))) for k in drawn]
    return float(np.quantile(np.concatenate(shares), 1 - FALSE_ALARMS))
