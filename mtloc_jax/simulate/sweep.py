"""How a scan sweeps the channels of WiFi: upwards, band after band, and not always all of them.

Channels 1, 6 and 11 of 2.4 GHz are listened to longest; 5 GHz follows. Between full scans a phone
looks for networks that it knows on their channels alone (Android: a partial scan), so that an
access point which such a scan does not list may well be there.
"""

from typing import NamedTuple

import numpy as np


class Band(NamedTuple):
    """Hold a band: when it is swept, seconds before a scan's end, and its channels upwards."""

    last_s: float
    first_s: float
    mhz: tuple[int, ...]


BAND_2, BAND_5 = (
    Band(0.8, 1.4, (2412, 2437, 2462)),
    Band(0.1, 0.8, (5180, 5220, 5260, 5300, 5500, 5745, 5785)),
)
PARTIAL_RATE, PARTIAL_SHARE = 0.15, 0.5  # of scans; of the channels that a partial one listens to


def channel_mhz(lag_s: np.ndarray) -> np.ndarray:
    """Return the channel i32[n] that was listened to `lag_s` f64[n] before a scan's end."""
    mhz = np.zeros(len(lag_s), np.int32)
    for band in (BAND_5, BAND_2):
        within = (band.last_s <= lag_s) & (lag_s <= band.first_s)
        passed = (band.first_s - lag_s[within]) / (band.first_s - band.last_s)
        last = len(band.mhz) - 1
        mhz[within] = np.array(band.mhz)[np.minimum((passed * len(band.mhz)).astype(int), last)]
    return mhz


def draw_swept(rng: np.random.Generator, n_scans: int, mhz: np.ndarray) -> np.ndarray:
    """Draw which scans listen to the channel of each access point: bool[S, A]; mhz: i32[A]."""
    channels, channel = np.unique(mhz, return_inverse=True)
    full = rng.random((n_scans, 1)) >= PARTIAL_RATE
    listened = rng.random((n_scans, len(channels))) < PARTIAL_SHARE
    return (full | listened)[:, channel]
