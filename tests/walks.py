"""Small made-up walks, simple enough that their windows can be worked out by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mtloc_jax.logs.round import SENSORS, Round, Stream, WifiScans, no_wifi


def stream(t_ms, values):
    """Return a stream of readings `values`, one row of axes per time."""
    axes = len(values[0]) if len(values) else 3
    return Stream(np.array(t_ms, np.int64), np.array(values, float).reshape(-1, axes))


def steady(end_ms, axes):
    """Return a stream that reads `axes` every 20 ms from 0 on, and at `end_ms`."""
    t_ms = np.unique([*range(0, end_ms, 20), end_ms])
    return stream(t_ms, np.tile(axes, (len(t_ms), 1)))


def scans(*heard):
    """Return scans from (t_ms, bssid, dBm, age_ms), of which those of one time are one scan."""
    t_ms, bssid, rss_dbm, age_ms = zip(*heard, strict=True)
    scan_t_ms, scan = np.unique(np.array(t_ms, np.int64), return_inverse=True)
    return WifiScans(
        scan_t_ms,
        scan.astype(np.int32),
        np.array(bssid),
        np.array(rss_dbm, np.float32),
        np.array(age_ms, np.int64),
    )


def walk(number=1, end_ms=2000, *, name="walk", level=1.0, wifi=None):
    """Return a walk along x at 1 m/s on which every sensor's magnitude is `level`."""
    return Round(
        name=name,
        number=number,
        **{sensor: steady(end_ms, (0.0, 0.0, level)) for sensor in SENSORS},
        wifi=no_wifi() if wifi is None else wifi,
        waypoint_t_ms=np.array([0, end_ms]),
        waypoint_xy_m=np.array([[0.0, 0.0], [end_ms / 1000, 0.0]]),
        source=Path(f"{name}.txt"),
    )


def later(recorded, by_ms):
    """Return the same walk recorded `by_ms` later."""
    wifi = recorded.wifi
    moved = {s: replace(recorded.stream(s), t_ms=recorded.stream(s).t_ms + by_ms) for s in SENSORS}
    return replace(
        recorded,
        **moved,
        wifi=replace(wifi, t_ms=wifi.t_ms + by_ms),
        waypoint_t_ms=recorded.waypoint_t_ms + by_ms,
        frozen=tuple(
            replace(span, start_ms=span.start_ms + by_ms, end_ms=span.end_ms + by_ms)
            for span in recorded.frozen
        ),
    )
