"""Logs of every format as phones write them, and what of them a damaged copy may change.

A log has no checksum: a digit that was damaged is read as it stands. But damage stays where it is:
of all that is read, no more may differ than the records that the damage touched.
"""

import gzip
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mtloc_jax.logs import clocks
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.round import Round
from mtloc_jax.sites import formats

TOUCHED = 17
"""Records that 256 damaged bytes touch at most: those of these logs have 16 bytes or more."""
CLOCK_MS = {"mmloc-xml": clocks.SENSOR_MS, "getsensordata": clocks.SCAN_MS}
"""By how much one damaged clock may move all scans, or age them: these readers refuse more."""
SECONDS, HZ = 16, 20
START_MS = 1_560_000_000_000
FORMATS = ("location20", "getsensordata", "csv", "mmloc-bucharest", "mmloc-xml", "scenario-b")

Content = Counter[tuple]


def folder_of(name: str, folder: Path) -> tuple[Path, list[str]]:
    """Write a whole folder of a format; return it, and its files that are to be damaged."""
    files = _MAKERS[name]()
    for place, data in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder, [place for place in files if not place.endswith("rounds.csv")]


def content(name: str, folder: Path) -> Content:
    """Return every record that a format's reader finds in a folder, and how often."""
    return Counter(record for walk in read_all(formats.jobs(name, folder)) for record in _of(walk))


def traps(name: str, folder: Path, file: str) -> Iterator[tuple[str, Path]]:
    """Put one trap after the other in the place of a file; yield what it is, and where."""
    path, whole = folder / file, (folder / file).read_bytes()
    path.unlink()
    packed = path.with_name(f"{path.name}.gz")
    for trap, bomb in (("lines without end", b"\n"), ("a line without end", b"7")):
        packed.write_bytes(gzip.compress(bomb * (64 << 20), 1))
        yield f"{trap}, packed", packed
    for trap, data in (("zeros", bytes(8 << 20)), ("ten megabytes in a line", b"1" * (10 << 20))):
        path.write_bytes(data)
        yield trap, path
    path.write_bytes(b"")
    yield "an empty file", path
    path.symlink_to("/dev/zero")
    yield "a link to a device", path
    os.mkfifo(path)
    yield "a pipe", path
    path.write_bytes(whole)


def comparer(name: str, whole: Content, cut: bool) -> Callable[[Path], str]:
    """Return what reads a folder and says "right", "local" or "spread" of it.

    cut: whether all behind some place may be missing
    """

    def read(folder: Path) -> str:
        found = content(name, folder)
        differing = _unmoved(found - whole, whole - found, CLOCK_MS.get(name, 0))
        new, lost = (of.total() for of in differing)
        if found == whole:
            return "right"
        return "local" if new <= TOUCHED and (cut or lost <= TOUCHED) else f"spread {new} {lost}"

    return read


def _unmoved(new: Content, lost: Content, most_ms: int) -> tuple[Content, Content]:
    """Return what is new and lost but for scans and entries that a clock moved by `most_ms`."""
    new, lost = Counter(new), Counter(lost)
    by_what: dict[tuple, list[tuple]] = {}
    for record in lost.elements():
        by_what.setdefault(_timeless(record), []).append(record)
    for record in list(new.elements()):
        near = [one for one in by_what.get(_timeless(record), ()) if _is_near(one, record, most_ms)]
        if near and record[0] in ("scan", "entry"):
            by_what[_timeless(record)].remove(near[0])
            new[record] -= 1
            lost[near[0]] -= 1
    return +new, +lost


def _timeless(record: tuple) -> tuple:
    """Return a record without its time, and an entry without its age."""
    if record[0] == "entry":
        return ("entry", record[2], record[3], record[5])
    return record[:2] if record[0] == "scan" else record


def _is_near(one: tuple, other: tuple, most_ms: int) -> bool:
    at = {"entry": (1, 4), "scan": (2,)}.get(one[0], ())
    return all(abs(one[k] - other[k]) <= most_ms for k in at)


def _of(walk: Round) -> list[tuple]:
    wifi = walk.wifi
    entries = (wifi.t_ms[wifi.scan], wifi.bssid, wifi.rss_dbm, wifi.age_ms, wifi.mhz)
    found: list[tuple] = [("scan", walk.number, t) for t in wifi.t_ms.tolist()]
    found += [("entry", *one) for one in zip(*(e.tolist() for e in entries), strict=True)]
    marks = zip(walk.waypoint_t_ms.tolist(), walk.waypoint_xy_m.tolist(), strict=True)
    found += [("waypoint", t, *xy) for t, xy in marks]
    for name, stream in walk.streams.items():
        readings = zip(stream.t_ms.tolist(), stream.values.tolist(), strict=True)
        found += [(name, walk.number, t, *values) for t, values in readings]
    return found


def _axes() -> np.ndarray:
    """Return readings f64[n, 3, 3] of accelerometer, gyroscope and magnetometer."""
    noise = np.random.default_rng(1).normal(size=(SECONDS * HZ, 3, 3))
    return np.round(noise * [[1], [0.3], [5]] + [[[0, 0, 9.8]], [[0, 0, 0]], [[20, 0, -40]]][0], 5)


def _heard(scan: int) -> list[tuple[str, int]]:
    """Return addresses and levels, dBm, of one scan."""
    draw = np.random.default_rng((2, scan))
    return [
        (f"08:1f:f3:b2:d4:{k:02x}", -int(draw.integers(40, 95)))
        for k in sorted(draw.choice(40, 24, replace=False).tolist())
    ]


def _location20() -> dict[str, bytes]:
    kinds = ("ACCELEROMETER", "GYROSCOPE", "MAGNETIC_FIELD")
    lines = [(START_MS, f"{START_MS}\tTYPE_WAYPOINT\t10.5\t20.25")]
    for at, axes in enumerate(_axes()):
        t = START_MS + 50 * at
        for kind, xyz in zip(kinds, axes, strict=True):
            lines.append((t, f"{t}\tTYPE_{kind}\t{xyz[0]}\t{xyz[1]}\t{xyz[2]}\t3"))
        lines.append((t, f"{t}\tTYPE_ROTATION_VECTOR\t0.1\t-0.2\t0.{at % 9}\t3"))
    for scan in range(SECONDS // 2):
        t = START_MS + 2000 * scan + 7
        for address, level in _heard(scan):
            lines.append((t, f"{t}\tTYPE_WIFI\tname\t{address}\t{level}\t2437\t{t - 100}"))
    for k in range(1, SECONDS // 4):
        t = START_MS + 4000 * k
        lines.append((t, f"{t}\tTYPE_WAYPOINT\t{10 + k}.5\t{20 + k}.25"))
    body = [line for _, line in sorted(lines, key=lambda one: one[0])]
    text = [f"#\tstartTime:{START_MS}", *body, f"#\tendTime:{START_MS + 1000 * SECONDS}"]
    rounds = b"trace_id,round\ntrace,1\n"
    return {"path_data_files/trace.txt": _text(text), "rounds.csv": rounds}


def _getsensordata() -> dict[str, bytes]:
    lines, clock_s = [], 65_000.0
    for at, axes in enumerate(_axes()):
        t = 0.05 * at
        for kind, xyz in zip(("ACCE", "GYRO", "MAGN"), axes, strict=True):
            lines.append((t, f"{kind};{t:.3f};{t + clock_s:.4f};{xyz[0]};{xyz[1]};{xyz[2]};3"))
    for scan in range(SECONDS // 2):
        t = 2.0 * scan + 0.007
        for k, (address, level) in enumerate(_heard(scan)):
            seen = f"{t + clock_s - 0.1 * (k % 3):.3f}"
            lines.append((t, f"WIFI;{t:.3f};{seen};name;{address};2437;{level}"))
    for k in range(SECONDS // 4):
        lines.append((4.0 * k, f"POSI;{4.0 * k + 0.01:.3f};{k};40.000{k};-3.000{k};0;1"))
    head = "% Date of creation: Wed Jun 14 10:00:58 GMT+02:00 2023"
    body = [line for _, line in sorted(lines, key=lambda one: one[0])]
    return {"log.txt": _text(["% a log", head, *body])}


def _csv() -> dict[str, bytes]:
    axes, t_ms = _axes(), 50 * np.arange(SECONDS * HZ)

    def rows(of: np.ndarray) -> list[str]:
        return [f"{t},{','.join(map(str, xyz))}" for t, xyz in zip(t_ms, of.tolist(), strict=True)]

    walk = {
        "imu.csv": [
            "t_ms,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z",
            *rows(axes[:, :2].reshape(-1, 6)),
        ],
        "mag.csv": ["t_ms,mag_x,mag_y,mag_z", *rows(axes[:, 2])],
        "wifi.csv": [
            "t_ms,bssid,rss_dbm,age_ms",
            *(f"{2000 * k},{a},{level},0" for k in range(SECONDS // 2) for a, level in _heard(k)),
        ],
        "waypoints.csv": ["t_ms,x_m,y_m", *(f"{4000 * k},{k}.5,1.25" for k in range(4))],
    }
    return {f"walk/{file}": _text(lines) for file, lines in walk.items()}


def _bucharest() -> dict[str, bytes]:
    lines = [",".join(map(str, range(60))) + ","]
    for at, axes in enumerate(_axes()):
        heard = np.zeros(43)
        if at % 20 == 0:
            heard[np.random.default_rng((3, at)).choice(43, 12, replace=False)] = 0.58333
        lag = 27 if at % 20 == 0 else -1
        row = [100 * at, 100.0 * at, *axes.ravel(), 0, 0, 0, 104.5 + at / 64, 107.25, *heard, lag]
        lines.append(",".join(map(str, row)) + ",")
    return {"sensor_wifi_1_1_timestep100.csv": _text(lines)}


def _phone_xml() -> dict[str, bytes]:
    lines, clock_ns = ['<data phone="1" building="undefined" t="2018-06-21">'], 10**13
    for at, axes in enumerate(_axes()):
        t = START_MS + 50 * at
        for tag, xyz in zip("agm", axes, strict=True):
            ns = clock_ns + 50_000_000 * at
            x, y, z = xyz
            lines.append(f'<{tag} t="{t}" x="{x}" y="{y}" z="{z}" st="{ns}" />')
        if at % 10 == 0:  # each scan is handed out six times
            lines.append(f'<wr t="{t}">')
            heard = _heard(at // 60)
            lines += [f'<r b="{address}" s="{level}" c="6" />' for address, level in heard]
            lines.append("</wr>")
    corners = ["Time,lat1,Lng1,x,y,lat,Lng"]
    for k in range(4):
        corners.append(f"{4.0 * k:.2f},55.9,-3.1,{488278.27 + k:.2f},{6199937.61 + k:.2f},{k},{k}")
    return {"9.xml": _text([*lines, "</data>"]), "9.csv": _text(corners)}


def _windows() -> dict[str, bytes]:

    files = {}
    for seed, split in enumerate(("train", "val", "test")):
        series = np.random.default_rng(seed).random((60, 3))
        windows = np.stack([series[k : k + 10] for k in range(50)])
        for name, array in (("sensor_baseline", windows), ("location", series[:50, :2])):
            data = io.BytesIO()
            np.save(data, array)
            files[f"{name}_{split}.npy"] = data.getvalue()
    return files


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


_MAKERS: dict[str, Callable[[], dict[str, bytes]]] = {
    "location20": _location20,
    "getsensordata": _getsensordata,
    "csv": _csv,
    "mmloc-bucharest": _bucharest,
    "mmloc-xml": _phone_xml,
    "scenario-b": _windows,
}
