"""A floor that nobody walked: the simulated building, surveyed on foot as often as is asked."""

from functools import cache

import numpy as np

from mtloc_jax.experts.scan_table import ScanTable, scan_table
from mtloc_jax.logs.round import Round
from mtloc_jax.motion.ticks import TICK_MS
from mtloc_jax.simulate import building_b, simulate
from mtloc_jax.sites.windows import interpolate

_SEED = 0


@cache
def walks(number: int) -> list[Round]:
    """Return so many walks of a minute each."""
    return simulate(building_b(_SEED), _SEED, n_rounds=number)


def table(number: int) -> ScanTable:
    """Return the scans of so many walks."""
    return scan_table(walks(number))


def ticks_ms(walk: Round) -> np.ndarray:
    """Return when a walk is located, i64[N]: from its first waypoint to its last."""
    return np.arange(walk.waypoint_t_ms[0], walk.waypoint_t_ms[-1], TICK_MS)


def mean_error_m(found_m: list[np.ndarray], located: list[Round]) -> float:
    """Return the mean distance of positions f64[N, 2] at `ticks_ms` of each walk to the truth."""
    truth_m = [
        interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, ticks_ms(walk)) for walk in located
    ]
    apart_m = np.concatenate(found_m) - np.concatenate(truth_m)
    return float(np.linalg.norm(apart_m, axis=1).mean())
