"""WiFi scans put together from the entries a log lists one by one."""

import re

import numpy as np

from mtloc_jax.logs.lines import Lines
from mtloc_jax.logs.round import WifiScans

BSSID = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
WEAKEST_DBM, STRONGEST_DBM = -150, 30  # beyond, a level is a damaged field


def check_levels(rss_dbm: np.ndarray, lines: Lines) -> None:
    """Raise InputError at the first level that no radio measures."""
    wrong = (rss_dbm < WEAKEST_DBM) | (rss_dbm > STRONGEST_DBM)
    lines.raise_at(wrong, f"a level outside {WEAKEST_DBM}..{STRONGEST_DBM} dBm")


def wifi_scans(
    t_ms: np.ndarray,
    scan: np.ndarray,
    address: np.ndarray,
    names: np.ndarray,
    rss_dbm: np.ndarray,
    age_ms: np.ndarray,
) -> WifiScans:
    """Put scans together.

    t_ms: i64[S], non-decreasing; scan (non-decreasing), address, rss_dbm, age_ms: [E];
    names: str[A], of the addresses
    Negative ages become 0. A phone may list an access point twice in a scan (once hidden, once
    with its name, or on two channels): the entry seen last counts, of two seen together the
    stronger.
    """
    age_ms = np.maximum(age_ms, 0)
    kept = _newest_of_each(scan, address, rss_dbm, age_ms)
    return WifiScans(
        t_ms,
        scan[kept].astype(np.int32),
        names[address[kept]],
        rss_dbm[kept].astype(np.float32),
        age_ms[kept].astype(np.int64),
    )


def scans_of_rows(t_ms: np.ndarray, scaled: np.ndarray, site: str) -> WifiScans:
    """Turn rows of an access-point table into scans, one a row.

    t_ms: i64[S], non-decreasing; scaled: f64[S, A], (dBm + 100) / 60, 0 = not heard
    Access points without a published address are called "<site>:ap<column>".
    """
    n_access_points = scaled.shape[1]
    digits = len(str(n_access_points))
    names = np.array([f"{site}:ap{i:0{digits}d}" for i in range(n_access_points)])
    scan, access_point = np.nonzero(scaled)
    return WifiScans(
        t_ms,
        scan.astype(np.int32),
        names[access_point],
        (scaled[scan, access_point] * 60 - 100).astype(np.float32),
        np.zeros(len(scan), np.int64),
    )


def _newest_of_each(
    scan: np.ndarray, address: np.ndarray, rss_dbm: np.ndarray, age_ms: np.ndarray
) -> np.ndarray:
    """Return the indices, in order, of one entry for each access point of each scan."""
    order = np.lexsort((-rss_dbm, age_ms, address, scan))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(scan[order]) != 0) | (np.diff(address[order]) != 0)
    return np.sort(order[first])
