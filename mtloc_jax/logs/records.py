"""Records of one type, gathered block by block and joined at the end."""

from typing import NamedTuple

import numpy as np

from mtloc_jax.logs.round import WifiScans, no_wifi
from mtloc_jax.logs.scans import wifi_scans

NO_ADDRESS = NO_LINE = np.zeros(0, np.int32)


class Records(NamedTuple):
    """Hold records: line numbers i32[n], times i64[n], values f64[n, C].

    WiFi entries also have addresses i32[n], numbered by `Addresses`; their values are level (dBm)
    and age (ms).
    """

    line: np.ndarray
    t_ms: np.ndarray
    values: np.ndarray
    address: np.ndarray = NO_ADDRESS


class Addresses(dict[bytes, int]):
    """Number access-point addresses from 0 in the order of their first asking."""

    def __missing__(self, address: bytes) -> int:
        """Give a new address the next number."""
        self[address] = number = len(self)
        return number

    def numbers(self, column: list[bytes]) -> np.ndarray:
        """Return the numbers i32[n] of a column of addresses."""
        return np.fromiter(map(self.__getitem__, column), np.int32, len(column))

    def names(self) -> np.ndarray:
        """Return the addresses as str[len(self)] in the order of their numbers."""
        return np.array([address.decode() for address in self], np.str_)


def joined(parts: list[Records]) -> Records:
    """Concatenate the parts of one type; none make no records."""
    if not parts:
        return Records(NO_LINE, np.zeros(0, np.int64), np.zeros((0, 3)))
    return Records(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def scans_of(records: Records, addresses: Addresses) -> WifiScans:
    """Make one scan of all WiFi records of one time."""
    if not len(records.t_ms):
        return no_wifi()
    t_ms, scan = np.unique(records.t_ms, return_inverse=True)
    rss_dbm, age_ms = records.values.T
    return wifi_scans(t_ms, scan, records.address, addresses.names(), rss_dbm, age_ms)
