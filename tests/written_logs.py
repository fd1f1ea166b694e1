"""Walks written down as phones log them, with or without ground truth."""

from pathlib import Path

import numpy as np

from mtloc_jax.logs.mmloc_csv import Layout
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.plain_csv import HEADERS
from mtloc_jax.logs.round import SENSORS, Round

_AT_UNIX_MS = 1_574_572_311_900
_AT_SENSOR_NS = 10_263_325_992_255


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


def mmloc_xml(walk: Round) -> str:
    """Return a walk as the authors' app writes it: readings delivered late, ever less so."""
    timed = [
        (t, f'<{tag} t="{{unix}}" st="{_AT_SENSOR_NS + t * 10**6}" ' + _axes(xyz) + "/>")
        for tag, stream in (("a", walk.accel), ("g", walk.gyro), ("m", walk.mag))
        for t, xyz in zip(stream.t_ms.tolist(), stream.values.tolist(), strict=True)
    ]
    wifi = walk.wifi
    for scan, t in enumerate(wifi.t_ms.tolist()):
        heard = [
            f'<r b="{wifi.bssid[k]}" s="{int(wifi.rss_dbm[k])}" c="1" />'
            for k in np.flatnonzero(wifi.scan == scan)
        ]
        timed.append((t, "\n".join(['<wr t="{unix}">', *heard, "</wr>"])))
    lines = [
        text.replace("{unix}", str(_AT_UNIX_MS + t + 30 - min(t // 300, 25)))
        for t, text in sorted(timed, key=lambda line: line[0])
    ]
    return "\n".join(["<data>", *lines, "</data>"]) + "\n"


def mmloc_csv(walk: Round, layout: Layout) -> str:
    """Return a walk of 50 Hz as a published file of 100 ms; access points are their last digit."""
    n_access_points = len(layout.access_points)
    times = walk.accel.t_ms[::5].tolist()
    sensors = np.hstack([walk.stream(name).values[::5] for name in SENSORS]).tolist()
    place = np.column_stack(
        [np.interp(times, walk.waypoint_t_ms, xy_m) for xy_m in walk.waypoint_xy_m.T]
    )
    records = {}
    for scan, t in enumerate(walk.wifi.t_ms.tolist()):
        row, lag_ms = (t // 100, t % 100) if layout.has_lag else (-(-t // 100), 0)
        levels = [0.0] * n_access_points
        for k in np.flatnonzero(walk.wifi.scan == scan):
            levels[int(walk.wifi.bssid[k][-1])] = (float(walk.wifi.rss_dbm[k]) + 100) / 60
        records[row] = levels, lag_ms
    lines = [",".join(map(str, range(layout.n_columns)))]
    for row, (t, axes, xy_m) in enumerate(zip(times, sensors, place.tolist(), strict=True)):
        levels, lag_ms = records.get(row, ([0.0] * n_access_points, -1))
        between = [0, 0] * (layout.access_points.start == 18)
        lag = [lag_ms] * layout.has_lag
        lines.append(",".join(map(repr, [t, t, *axes, 0, 0, 0, *xy_m, *between, *levels, *lag])))
    end = "," * layout.ends_with_comma + "\n"
    return end.join(lines) + end


def _axes(xyz: list[float]) -> str:
    return " ".join(f'{axis}="{value!r}"' for axis, value in zip("xyz", xyz, strict=True)) + " "


def _rows(t_ms: np.ndarray, values: np.ndarray) -> list[str]:
    return [
        ",".join([str(t), *map(repr, row)])
        for t, row in zip(t_ms.tolist(), values.tolist(), strict=True)
    ]
