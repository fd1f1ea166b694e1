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
from mtloc_jax.logs.records import Records, joined, scans_of
from mtloc_jax.logs.round import Progress, Round, Stream, checked
from mtloc_jax.logs.rounds_table import numbered
from mtloc_jax.logs.scans import check_levels

_SENSORS = ("ACCE", "GYRO", "MAGN")
_ENVIRONMENT = {"PRES", "LIGH", "PROX", "HUMI", "TEMP", "AHRS", "GNSS", "SOUN"}
_RADIOS_AND_OTHER_UNITS = {"BLUE", "BLE4", "RFID", "IMUX", "IMUL", "IMUI"}
_IGNORED = _ENVIRONMENT | _RADIOS_AND_OTHER_UNITS
_WIDTH = 6  # fields after the type, of sensors and positions; of WiFi lines once put in order
_GLUED = re.compile(r"(ACCE|GYRO|MAGN|WIFI|POSI);")
_BSSID = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_CREATED = re.compile(r"Date of creation: \w+ (\w+ +\d+ \d+:\d+:\d+) GMT([+-]\d\d:\d\d)? (\d{4})")
_REPAIR = "repair or delete this line, or leave the log out"
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
        if positions := _grouped(block, path).get("POSI"):
            latitude, longitude = _parsed("POSI", positions, path).values[0, 1:3]
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
    parts: dict[str, list[Records]] = defaultdict(list)
    started_ms = None
    for block in blocks(path, last_line_may_lack_end=True):
        started_ms = started_ms or _started_unix_ms(block)
        for kind, records in _grouped(block, path).items():
            parts[kind].append(_parsed(kind, records, path))
    kinds = {kind: joined(parts.pop(kind, [])) for kind in (*_SENSORS, "WIFI", "POSI")}
    for kind, part in kinds.items():
        fields.in_time_order(part.t_ms, part.line, path, kind, strictly=kind == "POSI")
    accel, gyro, mag = (Stream(kinds[kind].t_ms, kinds[kind].values) for kind in _SENSORS)
    _check_one_floor(kinds["POSI"], path)
    return checked(
        Round(
            name,
            number,
            accel,
            gyro,
            mag,
            scans_of(_aged(kinds["WIFI"])),
            kinds["POSI"].t_ms,
            metres_from(origin_deg, kinds["POSI"].values[:, 1:3]),
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


def _grouped(block: Block, path: Path) -> dict[str, list[tuple[int, str]]]:
    """Sort the lines of a block by type: type -> (line number, rest)."""
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, line in enumerate(block.lines, start=block.first):
        if not line or line.startswith("%"):
            continue
        kind, _, rest = line.partition(";")
        if kind not in _IGNORED and kind not in (*_SENSORS, "WIFI", "POSI"):
            raise _fault(f"unknown record type {kind[:40]!r}", path, number)
        if _GLUED.search(rest):
            raise _fault("two records are glued together", path, number)
        if kind not in _IGNORED and (block.ended or kind != "WIFI"):
            groups[kind].append((number, rest))
    return groups


def _parsed(kind: str, records: list[tuple[int, str]], path: Path) -> Records:
    lines, rests = zip(*records, strict=True)
    rows = [rest.split(";") for rest in rests]
    if kind == "WIFI":
        return _wifi(rows, lines, path)
    fields.widths(rows, lines, path, _WIDTH)
    values = fields.numbers(rows, lines, path, limit=fields.SENSOR_LIMIT * 1e3)
    t_ms = np.rint(values[:, 0] * 1000).astype(np.int64)
    if kind == "POSI":
        _check_positions(values, lines, path)
        return Records(np.array(lines), t_ms, values[:, 1:])
    axes = fields.numbers([row[2:5] for row in rows], lines, path, limit=fields.SENSOR_LIMIT)
    return Records(np.array(lines), t_ms, axes)


def _wifi(rows: list[list[str]], lines: tuple[int, ...], path: Path) -> Records:
    """Take WiFi lines apart from their end: an SSID may hold semicolons."""
    ordered = []
    for row, line in zip(rows, lines, strict=True):
        at = next((at for at in (-3, -2) if len(row) + at >= 3 and _BSSID.fullmatch(row[at])), None)
        if at is None:
            raise _fault("no BSSID where a WiFi line has it", path, line)
        ordered.append([row[0], row[1], row[at].lower(), row[-1]])
    values = fields.numbers(
        [[row[0], row[1], row[3]] for row in ordered], lines, path, limit=fields.SENSOR_LIMIT * 1e3
    )
    check_levels(values[:, 2], lines, path)
    app_ms, seen_ms = np.rint(values[:, :2].T * 1000).astype(np.int64)
    bssid = np.array([row[2] for row in ordered])
    return Records(
        np.array(lines), app_ms, np.stack([values[:, 2], app_ms - seen_ms], axis=1), bssid
    )


def _aged(wifi: Records) -> Records:
    """Count ages from the freshest entry, as the two clocks' offset is not logged."""
    if not len(wifi.t_ms):
        return wifi
    level, lag = wifi.values.T
    return wifi._replace(values=np.stack([level, lag - lag.min()], axis=1))


def _check_positions(values: np.ndarray, lines: tuple[int, ...], path: Path) -> None:
    latitude, longitude = values[:, 2], values[:, 3]
    for wrong, problem in (
        ((latitude == 0) & (longitude == 0), "a POSI mark without its surveyed position"),
        ((np.abs(latitude) > 90) | (np.abs(longitude) > 180), "no latitude and longitude"),
    ):
        if wrong.any():
            raise _fault(problem, path, lines[int(np.argmax(wrong))])


def _check_one_floor(positions: Records, path: Path) -> None:
    place = positions.values[:, 3:5]
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
    for line in block.lines[:10] if block.first == 1 else []:
        if found := _CREATED.search(line):
            date, offset, year = found.groups()
            stamp = datetime.strptime(f"{date} {year} {offset or '+00:00'}", "%b %d %H:%M:%S %Y %z")
            return int(stamp.timestamp() * 1000)
    return None


def _fault(problem: str, path: Path, line: int) -> InputError:
    return InputError(problem, remedy=_REPAIR, path=path, line=line)
