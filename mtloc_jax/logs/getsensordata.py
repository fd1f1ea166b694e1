"""GetSensorData 2.x logfiles, the format of the IPIN competitions' Track 3.

The app is by the LOPSI group at CAR-CSIC (github.com/lopsi/GetSensorData_Android, MainActivity.java
writes the lines; the same description heads every log of the IPIN 2016-2023 Track 3 data sets,
e.g. doi:10.5281/zenodo.8362205). Fields are separated by semicolons, lines that begin with % are
comments, times are seconds:

    ACCE;AppTimestamp;SensorTimestamp;x;y;z;accuracy       m/s^2 (GYRO: rad/s, MAGN: microtesla)
    WIFI;AppTimestamp;SensorTimestamp;SSID;BSSID;[MHz;]dBm (2.0 has no frequency)
    POSI;AppTimestamp;counter;latitude;longitude;floor;building                     degrees

Readings are timed by AppTimestamp, seconds since the recording began, the only clock all types
share. The sensor clock of a WiFi line tells when the access point was last seen; it starts
elsewhere, so ages count from the freshest entry of the whole log.

Positions become metres east and north of an origin: on the plane that touches the WGS-84
ellipsoid there, by its radii of curvature (wrong by less than 5 cm within 1 km).
"""

import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import fields
from mtloc_jax.logs.blocks import Block, blocks, existing_folder
from mtloc_jax.logs.index import Index
from mtloc_jax.logs.records import Addresses, Records, joined, scans_of
from mtloc_jax.logs.round import Progress, Round, Stream, checked
from mtloc_jax.logs.rounds_table import numbered
from mtloc_jax.logs.scans import check_levels

_SENSORS = (b"ACCE;", b"GYRO;", b"MAGN;")
_WIFI, _POSITION = b"WIFI;", b"POSI;"
_ENVIRONMENT = (b"PRES;", b"LIGH;", b"PROX;", b"HUMI;", b"TEMP;", b"AHRS;", b"GNSS;", b"SOUN;")
_OTHER_DEVICES = (b"BLUE;", b"BLE4;", b"RFID;", b"IMUX;", b"IMUL;", b"IMUI;")
_IGNORED = (*_ENVIRONMENT, *_OTHER_DEVICES)
_WIDTH = 7  # fields of sensor readings and positions; a WiFi line of 2.0 has one less
_GLUED = re.compile(rb"(ACCE|GYRO|MAGN|WIFI|POSI);")
_BSSID = re.compile(rb"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_LATEST_S = 1e10  # of a sensor clock, which may count from 1970
_CREATED = re.compile(r"Date of creation: \w+ (\w+ +\d+ \d+:\d+:\d+) GMT([+-]\d\d:\d\d)? (\d{4})")
_HEADER_BYTES = 1000  # the date stands on the second line
_SEMI_MAJOR_M, _ECCENTRICITY_SQUARED = 6378137.0, 6.69437999014e-3  # WGS-84


def read_logs(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read every `*.txt` log of a folder, each a round unless `rounds.csv` groups them.

    The origin of all positions is the first one of the first log.
    Raises InputError on a missing folder or log and, with the line, on a faulty one.
    """
    files = {path.stem: path for path in existing_folder(folder).glob("*.txt")}
    if not files:
        raise InputError("no .txt file", remedy="check the folder", path=folder)
    rounds = numbered(folder, files)
    origin_deg = first_position_deg(files[next(iter(rounds))])
    walks = []
    for done, (name, number) in enumerate(rounds.items(), start=1):
        walks.append(read_log(files[name], name, number, origin_deg))
        if on_progress:
            on_progress(done, len(rounds))
    return walks


def first_position_deg(path: Path) -> tuple[float, float]:
    """Return latitude and longitude of a log's first position, the origin for its site.

    Raises InputError where the log has none.
    """
    for block in blocks(path, last_line_may_lack_end=True):
        index = Index(block, b";")
        if len(at := index.with_text(_POSITION, 0)):
            latitude, longitude = _positions(index, at[:1], path).values[0, :2]
            return float(latitude), float(longitude)
    raise InputError(
        "no POSI line, two are needed to interpolate a position",
        remedy="leave the log out or add its ground truth",
        path=path,
    )


def read_log(path: Path, name: str, number: int, origin_deg: tuple[float, float]) -> Round:
    """Read one log; positions are metres east and north of `origin_deg` (latitude, longitude).

    The app ends a line only when it begins the next, so a log's last line cannot be told from a
    cut one: if it is a WiFi entry it is left out.
    Raises InputError with the line on cut or glued lines, wrong field counts, unreadable or absurd
    numbers, time running backwards within a type, unsurveyed positions and floor changes.
    """
    parts: dict[bytes, list[Records]] = defaultdict(list)
    addresses, started_ms = Addresses(), None
    for block in blocks(path, last_line_may_lack_end=True):
        started_ms = started_ms or _started_unix_ms(block)
        index = Index(block, b";")
        for kind, at in _grouped(index, path).items():
            if kind == _WIFI and block.ended:
                parts[kind].append(_wifi(index, at, path, addresses))
            elif kind == _POSITION:
                parts[kind].append(_positions(index, at, path))
            elif kind in _SENSORS:
                parts[kind].append(_readings(index, at, path))
    kinds = {kind: joined(parts.pop(kind, [])) for kind in (*_SENSORS, _WIFI, _POSITION)}
    for kind, part in kinds.items():
        strictly = kind == _POSITION
        fields.in_time_order(part.t_ms, part.line, path, kind.decode(), strictly=strictly)
    accel, gyro, mag = (Stream(kinds[kind].t_ms, kinds[kind].values) for kind in _SENSORS)
    _check_one_floor(kinds[_POSITION], path)
    return checked(
        Round(
            name,
            number,
            accel,
            gyro,
            mag,
            scans_of(_aged(kinds[_WIFI]), addresses),
            kinds[_POSITION].t_ms,
            metres_from(origin_deg, kinds[_POSITION].values[:, :2]),
            path,
            started_unix_ms=started_ms,
        )
    )


def metres_from(origin_deg: tuple[float, float], position_deg: np.ndarray) -> np.ndarray:
    """Return positions f64[n, 2] (latitude, longitude) as metres east and north of the origin."""
    latitude = np.radians(origin_deg[0])
    squeeze = 1 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    north_radius_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / squeeze**1.5
    east_radius_m = _SEMI_MAJOR_M / np.sqrt(squeeze) * np.cos(latitude)
    north, east = np.radians(position_deg - np.array(origin_deg)).T
    return np.stack([east * east_radius_m, north * north_radius_m], axis=1)


def _grouped(index: Index, path: Path) -> dict[bytes, np.ndarray]:
    """Sort the lines of a block by type: type -> lines."""
    known = index.blank()
    known[index.with_text(b"%", 0)] = True
    groups = {}
    for kind in (*_SENSORS, _WIFI, _POSITION, *_IGNORED):
        groups[kind] = lines = index.with_text(kind, 0)
        known[lines] = True
        if kind in _IGNORED:
            _check_not_glued(index, lines, path)
    for at in np.flatnonzero(~known).tolist():
        problem = f"cut line or unknown record type: {fields.shown(index.line(at))}"
        raise fields.fault(problem, path, index.number[at])
    return groups


def _check_not_glued(index: Index, lines: np.ndarray, path: Path) -> None:
    for at in lines.tolist():
        if _GLUED.search(index.line(at), 5):  # after the line's own type
            raise fields.fault("two records glued together", path, index.number[at])


def _readings(index: Index, at: np.ndarray, path: Path) -> Records:
    lines = index.number[at]
    fields.check_width(index.n_fields[at], lines, path, _WIDTH)
    fields.numbers(index, at, [-1], path)  # the accuracy: where a line is cut, it shows here
    t_ms = _milliseconds(index, at, 1, path)
    return Records(lines, t_ms, fields.numbers(index, at, (3, 4, 5), path))


def _positions(index: Index, at: np.ndarray, path: Path) -> Records:
    """Take in latitude, longitude (degrees), floor and building."""
    lines = index.number[at]
    fields.check_width(index.n_fields[at], lines, path, _WIDTH)
    values = fields.numbers(index, at, (3, 4, 5, 6), path)
    latitude, longitude = values[:, :2].T
    unsurveyed = (latitude == 0) & (longitude == 0)
    fields.raise_at(unsurveyed, "a POSI mark without its surveyed position", lines, path)
    nowhere = (np.abs(latitude) > 90) | (np.abs(longitude) > 180)
    fields.raise_at(nowhere, "no latitude and longitude", lines, path)
    return Records(lines, _milliseconds(index, at, 1, path), values)


def _wifi(index: Index, at: np.ndarray, path: Path, addresses: Addresses) -> Records:
    """Take WiFi lines from their end: an SSID may hold semicolons. Level and sensor clock lag."""
    lines = index.number[at]
    short = np.minimum(index.n_fields[at], _WIDTH - 1)
    fields.check_width(short, lines, path, _WIDTH - 1)
    _check_not_glued(index, at[index.n_fields[at] > _WIDTH], path)
    last = index.columns(at, -3, 0)
    whole = index.n_fields[at] >= _WIDTH
    bssid = [_bssid_of(*row) for row in zip(whole.tolist(), last[0], last[1], strict=True)]
    if None in bssid:
        raise fields.fault("no BSSID where a WiFi line has it", path, lines[bssid.index(None)])
    rss_dbm = fields.numbers(index, at, [-1], path)[:, 0]
    check_levels(rss_dbm, lines, path)
    t_ms = _milliseconds(index, at, 1, path)
    lag_ms = t_ms - _milliseconds(index, at, 2, path)
    values = np.stack([rss_dbm, lag_ms], axis=1)
    return Records(lines, t_ms, values, addresses.numbers([b for b in bssid if b]))


def _bssid_of(whole: bool, third: bytes, second: bytes) -> bytes | None:
    """Find the BSSID among the fields before a line's last: 2.0 wrote no frequency after it."""
    if whole and _BSSID.fullmatch(third):
        return third.lower()
    return second.lower() if _BSSID.fullmatch(second) else None


def _milliseconds(index: Index, at: np.ndarray, field: int, path: Path) -> np.ndarray:
    seconds = fields.numbers(index, at, [field], path, limit=_LATEST_S)[:, 0]
    return np.rint(seconds * 1000).astype(np.int64)


def _aged(wifi: Records) -> Records:
    """Count ages from the freshest entry, as the two clocks' offset is not logged."""
    if not len(wifi.t_ms):
        return wifi
    level, lag = wifi.values.T
    return wifi._replace(values=np.stack([level, lag - lag.min()], axis=1))


def _check_one_floor(positions: Records, path: Path) -> None:
    place = positions.values[:, 2:4]
    changes = np.flatnonzero(np.any(np.diff(place, axis=0) != 0, axis=1))
    if len(changes):
        raise InputError(
            f"floor or building changes from {place[changes[0]]} to {place[changes[0] + 1]}",
            remedy="split the log: a round lies on one floor",
            path=path,
            line=int(positions.line[changes[0] + 1]),
        )


def _started_unix_ms(block: Block) -> int | None:
    """Find the recording's start in the header (Java writes it with an offset or a zone's name)."""
    found = _CREATED.search(block.data.decode(), 0, _HEADER_BYTES) if block.first == 1 else None
    if not found:
        return None
    date, offset, year = found.groups()
    stamp = datetime.strptime(f"{date} {year} {offset or '+00:00'}", "%b %d %H:%M:%S %Y %z")
    return int(stamp.timestamp() * 1000)
