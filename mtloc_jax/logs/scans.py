"""WiFi scans put together from the entries a log lists one by one."""

import re

import numpy as np

from mtloc_jax.logs.lines import Lines
from mtloc_jax.logs.round import WifiScans

BSSID = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
WEAKEST_DBM, STRONGEST_DBM = -150, 30  # beyond, a level is a damaged field
LOWEST_MHZ, HIGHEST_MHZ = 2400, 71_000  # of all bands, that of 60 GHz included


def check_levels(rss_dbm: np.ndarray, lines: Lines) -> None:
    """Raise InputError at the first level that no radio measures."""
    wrong = (rss_dbm < WEAKEST_DBM) | (rss_dbm > STRONGEST_DBM)
    lines.raise_at(wrong, f"a level outside {WEAKEST_DBM}..{STRONGEST_DBM} dBm")


def check_mhz(mhz: np.ndarray, lines: Lines) -> None:
    """Raise InputError at the first channel that no WiFi is on; 0 says that it is not known."""
    wrong = (mhz != 0) & ((mhz < LOWEST_MHZ) | (mhz > HIGHEST_MHZ) | (mhz % 1 != 0))
    lines.raise_at(wrong, f"a channel that is neither 0 nor {LOWEST_MHZ}..{HIGHEST_MHZ} MHz")


def channel_mhz(number: int) -> int:
    """Return the middle of a channel of 2.4 or 5 GHz by its number, 0 where there is none such.

    IEEE 802.11-2020, 15.4.4.3 (channel 14 lies apart) and 17.3.8.4.2.
    """
    if 1 <= number <= 13:
        return 2407 + 5 * number
    if 32 <= number <= 177:
        return 5000 + 5 * number
    return 2484 if number == 14 else 0


def wifi_scans(
    t_ms: np.ndarray,
    scan: np.ndarray,
    address: np.ndarray,
    names: np.ndarray,
    rss_dbm: np.ndarray,
    age_ms: np.ndarray,
    mhz: np.ndarray,
) -> WifiScans:
    """Put scans together.

    t_ms: i64[S], non-decreasing; scan (non-decreasing), address, rss_dbm, age_ms, mhz: [E];
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
        mhz[kept].astype(np.int32),
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
