"""How often chance alone favours one arm as much: the exact sign-flip test of paired differences.

If the arms are alike, each pair may as well be the other way round (Fisher 1935, The Design of
Experiments, section 21). Unlike Student's t this asks nothing of the shape of the differences.
"""

import numpy as np

MOST_ENUMERATED = 16
N_DRAWN = 9_999
_TINY = 1e-9  # of the sum of sizes: less is rounding
_AT_ONCE = 4_000_000  # signs held in memory: of many seeds, all would be gigabytes


def sign_flip_p(differences: np.ndarray, seed: int = 0) -> float:
    """Return the two-sided p of no difference for f64[N] paired differences.

    All 2^N signs are tried up to N = 16; beyond, 9,999 drawn ones and those that were found.
    """
    n = len(differences)
    if n > MOST_ENUMERATED:
        rng, rows = np.random.default_rng(seed), max(1, _AT_ONCE // n)
        drawn = (min(rows, N_DRAWN - begin) for begin in range(0, N_DRAWN, rows))
        found = sum(_as_far(rng.choice([-1.0, 1.0], (k, n)), differences) for k in drawn)
        return float((1 + found) / (1 + N_DRAWN))
    # A flip of all signs changes no size: the first may stay as it is.
    others = np.arange(2 ** (n - 1))[:, None] >> np.arange(n) & 1
    return float(_as_far(1.0 - 2.0 * others, differences) / len(others))


def _as_far(signs: np.ndarray, differences: np.ndarray) -> int:
    """Return with how many signs f64[R, N] the sum is as far from 0 as it was found."""
    least = abs(differences.sum()) - _TINY * np.abs(differences).sum()
    return int(np.sum(np.abs(signs @ differences) >= least))
