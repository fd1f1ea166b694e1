"""Walks written down as phones log them, with or without ground truth."""

from pathlib import Path

import numpy as np

from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.plain_csv import HEADERS
from mtloc_jax.logs.round import Round

_AT_UNIX_MS = 1_574_572_311_900


def write_csv(folder: Path, walk: Round, *, truth: bool = True) -> Path:
    """Write a walk in the plain CSV layout; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    imu = np.column_stack([walk.accel.values, walk.gyro.values])
    wifi = walk.wifi
    entries = zip(
        wifi.t_ms[wifi.scan].tolist(),
        wifi.bssid.tolist(),
        wifi.rss_dbm.tolist(),
        wifi.age_ms.tolist(),
        strict=True,
    )
    rows = {
        "imu.csv": _rows(walk.accel.t_ms, imu),
        "mag.csv": _rows(walk.mag.t_ms, walk.mag.values),
        "wifi.csv": [",".join(map(str, entry)) for entry in entries],
        "waypoints.csv": _rows(walk.waypoint_t_ms, walk.waypoint_xy_m),
    }
    for name, lines in rows.items():
        if truth or name != "waypoints.csv":
            text = "\n".join([HEADERS[name], *lines]) + "\n"
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def location20(walk: Round) -> str:
    """Return a walk as a trace of Indoor Location 2.0, without waypoints, in order of time."""
    timed = [
        (t, f"TYPE_{kind}\t" + "\t".join(map(repr, xyz)) + "\t3")
        for kind, stream in (
            ("ACCELEROMETER", walk.accel),
            ("GYROSCOPE", walk.gyro),
            ("MAGNETIC_FIELD", walk.mag),
            ("ROTATION_VECTOR", walk.extra[ORIENTATION]),
        )
        for t, xyz in zip(stream.t_ms.tolist(), stream.values.tolist(), strict=True)
    ]
    wifi = walk.wifi
    for k in range(len(wifi.scan)):
        t, seen = int(wifi.t_ms[wifi.scan[k]]), int(wifi.t_ms[wifi.scan[k]] - wifi.age_ms[k])
        told = f"{wifi.bssid[k]}\t{int(wifi.rss_dbm[k])}\t2412\t{_AT_UNIX_MS + seen}"
        timed.append((t, f"TYPE_WIFI\t\t{told}"))
    lines = [f"{_AT_UNIX_MS + t}\t{text}" for t, text in sorted(timed, key=lambda line: line[0])]
    head, end = f"#\tstartTime:{_AT_UNIX_MS}", f"#\tendTime:{_AT_UNIX_MS + 10**6}"
    return "\n".join([head, *lines, end]) + "\n"


def getsensordata(walk: Round) -> str:
    """Return a walk as a log of GetSensorData, without positions, in order of time."""
    timed = [
        (t, f"{kind};{t / 1000:.3f};{t / 1000:.3f};" + ";".join(map(repr, xyz)) + ";3")
        for kind, stream in (("ACCE", walk.accel), ("GYRO", walk.gyro), ("MAGN", walk.mag))
        for t, xyz in zip(stream.t_ms.tolist(), stream.values.tolist(), strict=True)
    ]
    attitude = walk.extra[ORIENTATION]
    for t, xyz in zip(attitude.t_ms.tolist(), attitude.values.tolist(), strict=True):
        numbers = ";".join(map(repr, [0.0, 0.0, 0.0, *xyz]))
        timed.append((t, f"AHRS;{t / 1000:.3f};{t / 1000:.3f};{numbers};3"))
    wifi = walk.wifi
    for k in range(len(wifi.scan)):
        t = int(wifi.t_ms[wifi.scan[k]])
        # The sensor clock began 1 s after the app's.
        seen_s = (t - int(wifi.age_ms[k])) / 1000 - 1
        told = f"{wifi.bssid[k]};2412;{int(wifi.rss_dbm[k])}"
        timed.append((t, f"WIFI;{t / 1000:.3f};{seen_s:.3f};;{told}"))
    lines = [text for _, text in sorted(timed, key=lambda line: line[0])]
    return "\n".join(["% LogFile", *lines, "% end"]) + "\n"


def _rows(t_ms: np.ndarray, values: np.ndarray) -> list[str]:
    return [
        ",".join([str(t), *map(repr, row)])
        for t, row in zip(t_ms.tolist(), values.tolist(), strict=True)
    ]
