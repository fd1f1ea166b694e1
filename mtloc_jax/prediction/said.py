"""What is said of one log: positions, how sure they are, and who spoke."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtloc_jax.logs.round import Round, blind
from mtloc_jax.sites.windows import interpolate


class Said(NamedTuple):
    """Hold positions of a log, one a row.

    t_ms:     i64[N], by the log's clock
    xy_m:     f64[N, 2]
    radius_m: f64[N], within which the phone is held to be with 90 %; NaN where nobody states it
    spoke:    str[N], what was new since the row before, joined by "+": an expert on WiFi, the
              motion; of a network its modalities; "" where nothing was
    scan_age_s: f64[N], since the newest scan arrived; NaN before the first
    """

    t_ms: np.ndarray
    xy_m: np.ndarray
    radius_m: np.ndarray
    spoke: np.ndarray
    scan_age_s: np.ndarray


def nothing() -> Said:
    """Return no row."""
    none = np.zeros(0)
    return Said(np.zeros(0, np.int64), np.zeros((0, 2)), none, np.zeros(0, np.str_), none)


def joined(parts: Sequence[Said]) -> Said:
    """Return rows one after the other."""
    columns = zip(*(parts or [nothing()]), strict=True)
    return Said._make(np.concatenate(column) for column in columns)


def thinned(said: Said, every_ms: int) -> Said:
    """Return the rows at whole multiples of `every_ms` since the first, each with all that spoke.

    What spoke in a row that is left out is told by the next that stays.
    """
    if not len(said.t_ms):
        return said
    since_ms = said.t_ms - said.t_ms[0]
    number = -(-since_ms // every_ms)
    last = np.flatnonzero(np.append(np.diff(number) > 0, True))
    last = last[since_ms[last] == number[last] * every_ms]
    told, first = [], 0
    for end in last:
        words = [word for row in said.spoke[first : end + 1] for word in row.split("+") if word]
        told.append("+".join(dict.fromkeys(words)))
        first = end + 1
    return Said._make(part[last] for part in said)._replace(spoke=np.array(told, np.str_))


def ages_s(arrived_ms: np.ndarray, t_ms: np.ndarray) -> np.ndarray:
    """Return how long before each time f64[N] the newest of scans arrived; NaN before the first."""
    newest = np.searchsorted(arrived_ms, t_ms, side="right") - 1
    if not len(arrived_ms):
        return np.full(len(t_ms), np.nan)
    return np.where(newest >= 0, (t_ms - arrived_ms[newest]) / 1000, np.nan)


def begun_ms(log: Round) -> int:
    """Return the time of a log's first reading, which its tables count from."""
    return blind(log).used_ms[0]


def all_begun_ms(log: Round) -> int:
    """Return by when each sensor of a log had been read once; none may lack a reading."""
    return max(int(stream.t_ms[0]) for stream in log.streams.values())


def truth_m(walk: Round, t_ms: np.ndarray) -> np.ndarray:
    """Return where the phone truly was f64[N, 2]: NaN but between a log's waypoints."""
    true_m = interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, t_ms)
    if len(walk.waypoint_t_ms) < 2:
        return np.full_like(true_m, np.nan)
    outside = (t_ms < walk.waypoint_t_ms[0]) | (t_ms > walk.waypoint_t_ms[-1])
    return np.where(outside[:, None], np.nan, true_m)
