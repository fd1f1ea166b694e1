"""What experts say of one walk, and what is made of it: fixes, motion, a track.

Each is a plain record of arrays, so that experts, filters and judges know nothing of each other.
"""

from typing import NamedTuple

import numpy as np


class Fixes(NamedTuple):
    """Hold where an expert on WiFi places the scans of a walk, in the order they arrived.

    arrived_ms: i64[S], when a scan was delivered: a causal filter knows nothing of it before
    heard_ms:   i64[S], when its newest entry was really heard: where the phone was then is placed
    xy_m:       f64[S, 2]
    sigma_m:    f64[S], standard deviation of either coordinate
    """

    arrived_ms: np.ndarray
    heard_ms: np.ndarray
    xy_m: np.ndarray
    sigma_m: np.ndarray


class Moves(NamedTuple):
    """Hold how a phone moved, tick by tick.

    t_ms:    i64[K + 1], the ends of ticks, increasing
    moved_m: f64[K, 2], metres east and north between t_ms[k] and t_ms[k + 1]
    sigma_m: f64[K], standard deviation of either coordinate of it
    """

    t_ms: np.ndarray
    moved_m: np.ndarray
    sigma_m: np.ndarray


class Track(NamedTuple):
    """Hold where a phone was.

    t_ms: i64[N]; xy_m: f64[N, 2]; sigma_m: f64[N], standard deviation of either coordinate
    """

    t_ms: np.ndarray
    xy_m: np.ndarray
    sigma_m: np.ndarray
