"""A `Round` as named arrays and back, exactly: what site folders and TFDS datasets store."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mtloc_jax.logs.round import SENSORS, FrozenSpan, Round, Stream, WifiScans

Arrays = dict[str, np.ndarray]


def to_arrays(walk: Round) -> Arrays:
    """Return a walk as arrays by name.

    `wifi_bssid` indexes `wifi_bssids`, as an address is heard again and again; what may be absent
    is an array of none or one.
    """
    bssids, bssid = np.unique(walk.wifi.bssid, return_inverse=True)
    started = [] if walk.started_unix_ms is None else [walk.started_unix_ms]
    arrays = {
        "name": np.array(walk.name),
        "source": np.array(walk.source.as_posix()),
        "number": np.array(walk.number, np.int64),
        "normalised": np.array(walk.normalised),
        "started_unix_ms": np.array(started, np.int64),
        "waypoint_t_ms": walk.waypoint_t_ms,
        "waypoint_xy_m": walk.waypoint_xy_m,
        "wifi_t_ms": walk.wifi.t_ms,
        "wifi_scan": walk.wifi.scan,
        "wifi_bssids": bssids,
        "wifi_bssid": bssid.astype(np.int32),
        "wifi_rss_dbm": walk.wifi.rss_dbm,
        "wifi_age_ms": walk.wifi.age_ms,
        "frozen_sensor": np.array([SENSORS.index(span.sensor) for span in walk.frozen], np.int64),
        "frozen_start_ms": np.array([span.start_ms for span in walk.frozen], np.int64),
        "frozen_end_ms": np.array([span.end_ms for span in walk.frozen], np.int64),
    }
    for sensor in SENSORS:
        stream = walk.stream(sensor)
        arrays |= {f"{sensor}_t_ms": stream.t_ms, f"{sensor}_values": stream.values}
    return arrays


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Round:
    """Return the walk that `to_arrays` took apart."""
    accel, gyro, mag = (Stream(arrays[f"{s}_t_ms"], arrays[f"{s}_values"]) for s in SENSORS)
    started = arrays["started_unix_ms"].tolist()
    frozen = (arrays[f"frozen_{part}"].tolist() for part in ("sensor", "start_ms", "end_ms"))
    return Round(
        name=str(arrays["name"]),
        number=int(arrays["number"]),
        accel=accel,
        gyro=gyro,
        mag=mag,
        wifi=WifiScans(
            arrays["wifi_t_ms"],
            arrays["wifi_scan"],
            arrays["wifi_bssids"][arrays["wifi_bssid"]],
            arrays["wifi_rss_dbm"],
            arrays["wifi_age_ms"],
        ),
        waypoint_t_ms=arrays["waypoint_t_ms"],
        waypoint_xy_m=arrays["waypoint_xy_m"],
        source=Path(str(arrays["source"])),
        frozen=tuple(
            FrozenSpan(SENSORS[sensor], start, end)
            for sensor, start, end in zip(*frozen, strict=True)
        ),
        started_unix_ms=started[0] if started else None,
        normalised=bool(arrays["normalised"]),
    )
