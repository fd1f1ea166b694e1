"""All scans of some walks as one table over their access points."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtloc_jax.logs.round import Round
from mtloc_jax.sites.windows import interpolate

LISTED_MS = 10_000
"""An entry that was last heard longer before its scan is left out."""
FRESH_MS = 4_000
WEAKEST_DBM, LOUDEST = -100.0, 70.0


class ScanTable(NamedTuple):
    """Hold scans, in the order of walks and then of arrival; a scan may have heard nothing.

    level:      f32[S, A], dB above -100 dBm, clipped to 1..70; 0 where not listed
    age_ms:     f32[S, A], how long before its scan an access point was heard; inf where not listed
    arrived_ms: i64[S], when a scan was delivered
    heard_ms:   i64[S], when its newest entry was really heard
    xy_m:       f64[S, 2], where the phone was then
    walk:       i32[S], an index into the walks that the table was made of
    bssids:     str[A], sorted
    """

    level: np.ndarray
    age_ms: np.ndarray
    arrived_ms: np.ndarray
    heard_ms: np.ndarray
    xy_m: np.ndarray
    walk: np.ndarray
    bssids: np.ndarray

    def at(self, scans: np.ndarray) -> "ScanTable":
        """Return the table of some of its scans, over the same access points."""
        return ScanTable._make([*(part[scans] for part in self[:-1]), self.bssids])

    def over(self, bssids: np.ndarray) -> "ScanTable":
        """Return the same scans over other access points, sorted: those it lacks are not heard."""
        level = np.zeros((len(self.level), len(bssids)), np.float32)
        age_ms = np.full(level.shape, np.inf, np.float32)
        at = np.searchsorted(bssids, self.bssids)
        known = np.flatnonzero(
            (at < len(bssids)) & (bssids[np.minimum(at, len(bssids) - 1)] == self.bssids)
            if len(bssids)
            else np.zeros(len(at), bool)
        )
        level[:, at[known]] = self.level[:, known]
        age_ms[:, at[known]] = self.age_ms[:, known]
        return self._replace(level=level, age_ms=age_ms, bssids=bssids)


def scan_table(walks: Sequence[Round], listed_ms: int = LISTED_MS) -> ScanTable:
    """Return the scans of `walks` over all access points that they list.

    A scan is placed where the phone was when its newest entry was heard, not when it arrived.
    An access point listed twice in a scan counts at its strongest.
    """
    kept = [walk.wifi.fresh(listed_ms) for walk in walks]
    heard = [one.bssid for one in kept]
    bssids = np.unique(np.concatenate(heard)) if heard else np.zeros(0, np.str_)
    tables = [_of_walk(walk, bssids, listed_ms) for walk in walks]
    counts = [len(one.level) for one in tables]
    joined = [np.concatenate(parts) for parts in zip(*(one[:-2] for one in tables), strict=True)]
    number = np.repeat(np.arange(len(walks)), counts).astype(np.int32)
    return ScanTable._make([*joined, number, bssids])


def _of_walk(walk: Round, bssids: np.ndarray, listed_ms: int) -> ScanTable:
    scans = walk.wifi.fresh(listed_ms)
    shape = len(scans.t_ms), len(bssids)
    level, age_ms = np.zeros(shape, np.float32), np.full(shape, np.inf, np.float32)
    entry = scans.scan, np.searchsorted(bssids, scans.bssid)
    loud = np.clip(scans.rss_dbm - WEAKEST_DBM, 1, LOUDEST).astype(np.float32)
    np.maximum.at(level, entry, loud)
    np.minimum.at(age_ms, entry, scans.age_ms.astype(np.float32))
    newest_ms = age_ms.min(axis=1, initial=np.inf)
    back_ms = np.where(np.isfinite(newest_ms), newest_ms, 0).astype(np.int64)
    heard_ms = scans.t_ms - back_ms
    xy_m = interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, heard_ms)
    number = np.zeros(len(scans.t_ms), np.int32)
    return ScanTable(level, age_ms, scans.t_ms, heard_ms, xy_m, number, bssids)
