"""A `Round` as named arrays and back, exactly: what site folders, TFDS sets and digests are of."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from mtloc_jax.logs.round import SENSORS, FrozenSpan, Round, Stream, WifiScans

Arrays = dict[str, np.ndarray]

_NO_TIMES, _NO_VALUES = np.zeros(0, np.int64), np.zeros(0)


def to_arrays(walk: Round) -> Arrays:
    """Return a walk as arrays by name.

    `wifi_bssid` indexes `wifi_bssids`, as an address is heard again and again; what may be absent
    is an array of none or one, but for the route and the channels, of which there is none then.
    Further streams lie end to end, each flat; `extra_shape` i64[k, 2] cuts them out.
    """
    bssids, bssid = np.unique(walk.wifi.bssid, return_inverse=True)
    started = [] if walk.started_unix_ms is None else [walk.started_unix_ms]
    session = [] if walk.session is None else [walk.session]
    route = {} if walk.route is None else {"route": np.array(walk.route, np.int64)}
    mhz = {"wifi_mhz": walk.wifi.mhz} if walk.wifi.mhz.any() else {}
    arrays = {
        "name": np.array(walk.name),
        "source": np.array(walk.source.as_posix()),
        "number": np.array(walk.number, np.int64),
        "normalised": np.array(walk.normalised),
        "started_unix_ms": np.array(started, np.int64),
        "phone": np.array(walk.phone),
        "session": np.array(session, np.int64),
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
    extra = list(walk.extra.values())
    return (
        arrays
        | route
        | mhz
        | {
            "extra_names": np.array(list(walk.extra), np.str_),
            "extra_shape": np.array([s.values.shape for s in extra], np.int64).reshape(-1, 2),
            "extra_t_ms": np.concatenate([_NO_TIMES, *(s.t_ms for s in extra)]),
            "extra_values": np.concatenate([_NO_VALUES, *(s.values.ravel() for s in extra)]),
        }
    )


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Round:
    """Return the walk that `to_arrays` took apart."""
    accel, gyro, mag = (Stream(arrays[f"{s}_t_ms"], arrays[f"{s}_values"]) for s in SENSORS)
    started, session = arrays["started_unix_ms"].tolist(), arrays["session"].tolist()
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
            *([arrays["wifi_mhz"]] if "wifi_mhz" in arrays else []),
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
        extra=_extra(arrays),
        phone=str(arrays["phone"]),
        session=session[0] if session else None,
        route=int(arrays["route"]) if "route" in arrays else None,
    )


def digest(walks: Iterable[Round]) -> str:
    """Return the SHA-256 of all that walks hold but the place they were read from.

    The same on every machine, however the walks are ordered and wherever they are stored; and as
    it was before walks had channels, where none is known.
    """
    found = hashlib.sha256()
    for walk in sorted(walks, key=lambda walk: (walk.number, walk.name)):
        arrays = to_arrays(walk)
        del arrays["source"]
        for name, array in sorted(arrays.items()):
            found.update(f"{name} {array.dtype.kind} {array.shape}\n".encode())
            found.update(_bytes_of(array))
    return found.hexdigest()


def _bytes_of(array: np.ndarray) -> bytes:
    if array.dtype.kind == "U":
        return "\n".join(array.ravel().tolist()).encode()
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def _extra(arrays: Mapping[str, np.ndarray]) -> dict[str, Stream]:
    shapes = arrays["extra_shape"]
    times = np.split(arrays["extra_t_ms"], np.cumsum(shapes[:, 0])[:-1])
    values = np.split(arrays["extra_values"], np.cumsum(shapes.prod(axis=1))[:-1])
    return {
        name: Stream(t_ms, flat.reshape(shape))
        for name, shape, t_ms, flat in zip(
            arrays["extra_names"].tolist(), shapes, times, values, strict=False
        )
    }
