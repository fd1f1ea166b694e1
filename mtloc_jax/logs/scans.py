"""WiFi scans put together from the entries a log lists one by one."""

import numpy as np

from mtloc_jax.logs.round import WifiScans

WEAKEST_DBM, STRONGEST_DBM = -150, 30  # beyond, a level is a damaged field


def wifi_scans(
    t_ms: np.ndarray, bssid: np.ndarray, rss_dbm: np.ndarray, age_ms: np.ndarray
) -> WifiScans:
    """Group entries of one delivery time into scans.

    t_ms, bssid, rss_dbm, age_ms: [E], times non-decreasing. Negative ages become 0.
    A phone may list an access point twice in a scan (once hidden, once with its name, or on two
    channels): the entry seen last counts, of two seen together the stronger.
    """
    scan_t_ms, scan = np.unique(t_ms, return_inverse=True)
    age_ms = np.maximum(age_ms, 0)
    kept = _newest_of_each(scan, bssid, rss_dbm, age_ms)
    return WifiScans(
        scan_t_ms.astype(np.int64),
        scan[kept].astype(np.int32),
        bssid[kept],
        rss_dbm[kept].astype(np.float32),
        age_ms[kept].astype(np.int64),
    )


def _newest_of_each(
    scan: np.ndarray, bssid: np.ndarray, rss_dbm: np.ndarray, age_ms: np.ndarray
) -> np.ndarray:
    """Return the indices, in order, of one entry for each access point of each scan."""
    number = np.unique(bssid, return_inverse=True)[1]  # sorting integers is faster than text
    order = np.lexsort((-rss_dbm, age_ms, number, scan))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(scan[order]) != 0) | (np.diff(number[order]) != 0)
    return np.sort(order[first])
