"""Records of one type, gathered block by block and joined at the end."""

from typing import NamedTuple

import numpy as np

from mtloc_jax.logs.round import WifiScans, no_wifi
from mtloc_jax.logs.scans import wifi_scans

NO_TEXT = np.zeros(0, np.str_)


class Records(NamedTuple):
    """Hold records: line numbers i64[n], times i64[n], values f64[n, C] and, for WiFi, BSSIDs.

    The values of WiFi are level (dBm) and age (ms).
    """

    line: np.ndarray
    t_ms: np.ndarray
    values: np.ndarray
    bssid: np.ndarray = NO_TEXT


def joined(parts: list[Records]) -> Records:
    """Concatenate the parts of one type; none make no records."""
    if not parts:
        return Records(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)))
    return Records(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def scans_of(records: Records) -> WifiScans:
    """Make one scan of all WiFi records of one time."""
    if not len(records.t_ms):
        return no_wifi()
    t_ms, scan = np.unique(records.t_ms, return_inverse=True)
    rss_dbm, age_ms = records.values.T
    return wifi_scans(t_ms, scan, records.bssid, rss_dbm, age_ms.astype(np.int64))
