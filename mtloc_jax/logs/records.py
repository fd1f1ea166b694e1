"""Records of one type, gathered block by block and joined at the end."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtloc_jax.logs.lines import check_time_order
from mtloc_jax.logs.round import Stream, WifiScans, no_wifi
from mtloc_jax.logs.scans import wifi_scans

NO_ADDRESS = NO_LINE = np.zeros(0, np.int32)


class Records(NamedTuple):
    """Hold records: line numbers i32[n], times i64[n], values f64[n, C].

    WiFi entries also have addresses i32[n], numbered by `Addresses`; their values are level (dBm),
    age (ms) and channel (MHz, 0 where unknown).
    """

    line: np.ndarray
    t_ms: np.ndarray
    values: np.ndarray
    address: np.ndarray = NO_ADDRESS

    def stream(self) -> Stream:
        """Return the records as a sensor's stream."""
        return Stream(self.t_ms, self.values)


class Addresses(dict[str, int]):
    """Number access-point addresses from 0 in the order of their first asking."""

    def __missing__(self, address: str) -> int:
        """Give a new address the next number."""
        self[address] = number = len(self)
        return number

    def numbers(self, column: list[str]) -> np.ndarray:
        """Return the numbers i32[n] of a column of addresses."""
        return np.fromiter(map(self.__getitem__, column), np.int32, len(column))

    def names(self) -> np.ndarray:
        """Return the addresses as str[len(self)] in the order of their numbers."""
        return np.array(list(self), np.str_)


def in_order(parts: list[Records], path: Path, what: str, *, strictly: bool = False) -> Records:
    """Join the parts of one type, one at least; their line numbers are needed no more.

    Raises InputError with the line where time runs backwards (or stands, if `strictly`).
    """
    line, t_ms, values, address = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    check_time_order(t_ms, line, path, what, strictly=strictly)
    return Records(NO_LINE, t_ms, values, address)


def scans_of(records: Records, addresses: Addresses) -> WifiScans:
    """Make one scan of all WiFi records of one time."""
    if not len(records.t_ms):
        return no_wifi()
    t_ms, scan = np.unique(records.t_ms, return_inverse=True)
    rss_dbm, age_ms, mhz = records.values.T
    return wifi_scans(t_ms, scan, records.address, addresses.names(), rss_dbm, age_ms, mhz)
