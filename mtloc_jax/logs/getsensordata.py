"""GetSensorData 2.x logfiles, the format of the IPIN competitions' Track 3.

The app is by the LOPSI group at CAR-CSIC (github.com/lopsi/GetSensorData_Android, MainActivity.java
writes the lines; the same description heads every log of the IPIN 2016-2023 Track 3 data sets,
e.g. doi:10.5281/zenodo.8362205). Fields are separated by semicolons, lines that begin with % are
comments, times are seconds:

    ACCE;AppTimestamp;SensorTimestamp;x;y;z;accuracy       m/s^2 (GYRO: rad/s, MAGN: microtesla)
    WIFI;AppTimestamp;SensorTimestamp;SSID;BSSID;[MHz;]dBm (2.0 has no frequency)
    POSI;AppTimestamp;counter;latitude;longitude;floor;building                     degrees
    AHRS;AppTimestamp;SensorTimestamp;pitch;roll;yaw;x;y;z;accuracy degrees; x, y, z of a quaternion

Readings are timed by AppTimestamp, seconds since the recording began, the only clock all types
share. The sensor clock of a WiFi line tells when the access point was last seen; it starts
elsewhere, so ages count from the freshest entry of the whole log.

Positions become metres east and north of an origin: on the plane that touches the WGS-84
ellipsoid there, by its radii of curvature (wrong by less than 5 cm within 1 km).
"""

import re
from collections import defaultdict
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import clocks, rounds_table
from mtloc_jax.logs.jobs import Job, by_stem
from mtloc_jax.logs.lines import SENSOR_LIMIT, Lines, read_lines, shown
from mtloc_jax.logs.orientation import as_extra, check_norm
from mtloc_jax.logs.records import NO_LINE, Addresses, Records, in_order, scans_of
from mtloc_jax.logs.round import Round, checked
from mtloc_jax.logs.scans import BSSID, check_levels, check_mhz

_SENSORS = ("ACCE;", "GYRO;", "MAGN;")
_WIFI, _POSITION, _ATTITUDE = "WIFI;", "POSI;", "AHRS;"
_USED = (*_SENSORS, _WIFI, _POSITION, _ATTITUDE)
_ENVIRONMENT = ("PRES;", "LIGH;", "PROX;", "HUMI;", "TEMP;", "GNSS;", "SOUN;")
_OTHER_DEVICES = ("BLUE;", "BLE4;", "RFID;", "IMUX;", "IMUL;", "IMUI;")
_IGNORED = (*_ENVIRONMENT, *_OTHER_DEVICES)
_TYPE_LENGTH = 5  # its semicolon included
_WIDTH = 7  # fields of sensor readings and positions; a WiFi line of 2.0 has one less
_ATTITUDE_WIDTH = 10
_GLUED = re.compile(r"(ACCE|GYRO|MAGN|WIFI|POSI);")
_LATEST_S = 1e10  # of a sensor clock, which may count from 1970
_FEWEST_SCANS = 4  # fewer do not say which clock is odd
_CREATED = re.compile(r"Date of creation: \w+ (\w+ +\d+ \d+:\d+:\d+) GMT([+-]\d\d:\d\d)? (\d{4})")
_PHONE = re.compile(r"^% Manufacturer:\s*(\S.*)\n% Model:\s*(\S.*)$", re.MULTILINE)
_HEADER_LINES = 12  # the date stands on the second, the phone on the eighth and ninth
_SEMI_MAJOR_M, _ECCENTRICITY_SQUARED = 6378137.0, 6.69437999014e-3  # WGS-84


def jobs(folder: Path, *, dealt_to: int | None = None) -> list[Job]:
    """Return a job for each `*.txt` log of a folder, a round each unless `rounds.csv` groups them.

    dealt_to: so many rounds, which the logs are dealt to in the order of `rounds.csv`
    The origin of all positions is the first position of the first log that has one.
    Raises InputError where the folder is missing or holds no log, or `rounds.csv` lists others.
    """
    logs = by_stem(folder, ".txt")
    places = rounds_table.numbered(folder, logs, dealt_to=dealt_to)
    first, origin_deg = folder_origin(folder)
    made = []
    for name, (n, *rest) in places.items():
        inputs = (logs[name], first, *rounds_table.inputs(folder))
        read = partial(read_log, logs[name], name, n, origin_deg)
        made.append(Job(name, n, inputs, read, *rest))
    return made


def read_log(
    path: Path,
    name: str,
    number: int,
    origin_deg: tuple[float, float] | None,
    *,
    causal: bool = False,
    growing: bool = False,
) -> Round:
    """Read one log; positions are metres east and north of `origin_deg` (latitude, longitude).

    origin_deg: None leaves its positions out: nobody says where metres begin
    causal:     count ages from the freshest entry so far, not of the whole log, so that the
                beginning of a log reads the same whatever follows
    growing:    of a log that is still written, read what is there; then a sensor may lack

    The app ends a line only when it begins the next, so a log's last line cannot be told from a
    cut one. Where it is a WiFi entry, its scan may lack others, and is left out.
    Raises InputError with the line on cut or glued lines, wrong field counts, unreadable or absurd
    numbers, rotation vectors longer than 1, time running backwards within a type, unsurveyed
    positions and floor changes.
    """
    parts: dict[str, list[Records]] = defaultdict(list)
    addresses, started_ms, phone, last = Addresses(), None, "", None
    for lines in read_lines(path, ";", last_line_may_lack_end=True, growing=growing):
        started_ms, phone = started_ms or _started_unix_ms(lines), phone or _phone_of(lines)
        by_type = _sorted(lines)
        for kind in _SENSORS:
            parts[kind].append(_readings(by_type[kind]))
        parts[_ATTITUDE].append(_attitudes(by_type[_ATTITUDE]))
        parts[_POSITION].append(_positions(by_type[_POSITION]))
        written = [at for at, line in enumerate(lines.text) if line]
        last = lines.take(written[-1:]) if written else last
        wifi = by_type[_WIFI] if lines.ended else by_type[_WIFI].take([])
        parts[_WIFI].append(_wifi(wifi, addresses))
    _check_one_floor(parts[_POSITION], path)
    if not growing:
        _check_clock(parts[_WIFI], path)
    records = {
        kind: in_order(of_kind, path, kind, strictly=kind == _POSITION)
        for kind, of_kind in parts.items()
    }
    accel, gyro, mag = (records[kind].stream() for kind in _SENSORS)
    marks = records[_POSITION]
    if origin_deg is None:
        marks = Records(marks.line, marks.t_ms[:0], marks.values[:0])
    walk = Round(
        name,
        number,
        accel,
        gyro,
        mag,
        scans_of(_aged(_whole(records[_WIFI], last), causal), addresses),
        marks.t_ms,
        metres_from(origin_deg or (0.0, 0.0), marks.values[:, :2]),
        path,
        started_unix_ms=started_ms,
        extra=as_extra(records[_ATTITUDE]),
        phone=phone,
    )
    return walk if growing else checked(walk)


def first_position_deg(path: Path) -> tuple[float, float]:
    """Return latitude and longitude of a log's first position, the origin for its site.

    Raises InputError where the log has none.
    """
    for lines in read_lines(path, ";", last_line_may_lack_end=True):
        at = next((i for i, line in enumerate(lines.text) if line.startswith(_POSITION)), None)
        if at is not None:
            latitude, longitude = _positions(lines.take([at])).values[0, :2]
            return float(latitude), float(longitude)
    raise InputError(
        "no POSI line, two are needed to interpolate a position",
        remedy="leave the log out or add its ground truth",
        path=path,
    )


def metres_from(origin_deg: tuple[float, float], position_deg: np.ndarray) -> np.ndarray:
    """Return positions f64[n, 2] (latitude, longitude) as metres east and north of the origin."""
    latitude = np.radians(origin_deg[0])
    squeeze = 1 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    north_radius_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / squeeze**1.5
    east_radius_m = _SEMI_MAJOR_M / np.sqrt(squeeze) * np.cos(latitude)
    north, east = np.radians(position_deg - np.array(origin_deg)).T
    return np.stack([east * east_radius_m, north * north_radius_m], axis=1)


def _sorted(lines: Lines) -> dict[str, Lines]:
    """Sort the lines of a block by type: type -> lines."""
    types = (line[:_TYPE_LENGTH] for line in lines.text)
    by_type, others = lines.sorted_by(types, (*_USED, *_IGNORED))
    for kind in _IGNORED:
        _check_not_glued(by_type[kind])
    for at, line in enumerate(others.text):
        if line and not line.startswith("%"):
            raise others.fault(f"cut line or unknown record type: {shown(line)}", at)
    return by_type


def _check_not_glued(lines: Lines) -> None:
    glued = [bool(_GLUED.search(line, _TYPE_LENGTH)) for line in lines.text]
    lines.raise_at(np.array(glued, bool), "two records glued together")


def _readings(lines: Lines) -> Records:
    lines.check_width(_WIDTH)
    # With the accuracy: where a line is cut, it shows there.
    values = lines.numbers((1, 3, 4, 5, 6), limit=[_LATEST_S, *[SENSOR_LIMIT] * 4])
    return Records(lines.number, _milliseconds(values[:, 0]), values[:, 1:4].copy())


def _attitudes(lines: Lines) -> Records:
    """Take in the quaternion's x, y, z; the angles in degrees say the same again."""
    lines.check_width(_ATTITUDE_WIDTH)
    values = lines.numbers((1, 6, 7, 8, 9), limit=[_LATEST_S, *[SENSOR_LIMIT] * 4])
    check_norm(values[:, 1:4], lines)
    return Records(lines.number, _milliseconds(values[:, 0]), values[:, 1:4].copy())


def _positions(lines: Lines) -> Records:
    """Take in latitude, longitude (degrees), floor and building."""
    lines.check_width(_WIDTH)
    values = lines.numbers((1, 3, 4, 5, 6), limit=[_LATEST_S, *[SENSOR_LIMIT] * 4])
    latitude, longitude = values[:, 1:3].T
    unsurveyed = (latitude == 0) & (longitude == 0)
    lines.raise_at(unsurveyed, "a POSI mark without its surveyed position")
    nowhere = (np.abs(latitude) > 90) | (np.abs(longitude) > 180)
    lines.raise_at(nowhere, "no latitude and longitude")
    return Records(lines.number, _milliseconds(values[:, 0]), values[:, 1:].copy())


def _wifi(lines: Lines, addresses: Addresses) -> Records:
    """Take WiFi lines from their end, as an SSID may hold semicolons: level, lag, channel.

    The lag is that of the sensor clock, ms.
    """
    lines.check_width(_WIDTH - 1, or_more=True)
    widths = lines.widths()
    _check_not_glued(lines.take(np.flatnonzero(widths > _WIDTH).tolist()))
    ends = [line.rsplit(";", 3)[1:3] for line in lines.text]
    bssid = [_bssid_of(n >= _WIDTH, *end) for n, end in zip(widths.tolist(), ends, strict=True)]
    lines.raise_at(np.array([not b for b in bssid], bool), "no BSSID where a WiFi line has it")
    values = lines.numbers((1, 2, -1), limit=[_LATEST_S, _LATEST_S, SENSOR_LIMIT])
    t_ms, rss_dbm = _milliseconds(values[:, 0]), values[:, 2]
    check_levels(rss_dbm, lines)
    lag_ms = t_ms - _milliseconds(values[:, 1])
    values = np.stack([rss_dbm, lag_ms, _mhz(lines, ends)], axis=1)
    return Records(lines.number, t_ms, values, addresses.numbers(bssid))


def _bssid_of(whole: bool, third: str, second: str) -> str:
    """Find the BSSID among the fields before a line's last: 2.0 wrote no frequency after it."""
    fields = (third, second) if whole else (second,)
    return next((field.lower() for field in fields if BSSID.fullmatch(field.lower())), "")


def _mhz(lines: Lines, ends: list[list[str]]) -> np.ndarray:
    """Take in the field after the BSSID, f64[n]; 0 where that is the level: 2.0 wrote none."""
    told = [at for at, (third, _) in enumerate(ends) if BSSID.fullmatch(third.lower())]
    lines_told, mhz = lines.take(told), np.zeros(len(lines))
    mhz[told] = lines_told.numbers((-2,))[:, 0]
    check_mhz(mhz, lines)
    return mhz


def _milliseconds(seconds: np.ndarray) -> np.ndarray:
    return np.rint(seconds * 1000).astype(np.int64)


def _aged(wifi: Records, causal: bool) -> Records:
    """Count ages from the freshest entry, as the two clocks' offset is not logged.

    Of a scan's entries, which come together, all count from the freshest of them all.
    """
    if not len(wifi.t_ms):
        return wifi
    level, lag, mhz = wifi.values.T
    least = _least_by_scan(wifi.t_ms, lag) if causal else lag.min()
    return wifi._replace(values=np.stack([level, lag - least, mhz], axis=1))


def _least_by_scan(t_ms: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Return the least lag f64[n] up to the scan of each entry, that scan's own included."""
    return np.minimum.accumulate(lag)[np.searchsorted(t_ms, t_ms, side="right") - 1]


def _whole(wifi: Records, last: Lines | None) -> Records:
    """Leave out the scan that the log's last line is of, if it is: others of it may lack.

    Raises InputError with the line where its time is whole and no number.
    """
    if last is None or not last.text[0].startswith(_WIFI) or not len(wifi.t_ms):
        return wifi
    # Of a line that is cut within its time the newest scan may be.
    told = last.text[0].count(";") > 1
    of_last = _milliseconds(last.numbers((1,), limit=_LATEST_S)[0])[0] if told else wifi.t_ms[-1]
    kept = wifi.t_ms != of_last
    return Records(NO_LINE, wifi.t_ms[kept], wifi.values[kept], wifi.address[kept])


def _check_clock(parts: list[Records], path: Path) -> None:
    """Raise InputError where one scan alone says how far the sensor clock is ahead: it is damaged.

    A phone hears some access point freshly in each scan: least lags differ by a third of a second,
    the two least of them by `clocks.SCAN_MS` at most.
    """
    line, t_ms, values, _ = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    scans, of_scan = np.unique(t_ms, return_inverse=True)
    if len(scans) < _FEWEST_SCANS:
        return
    least = np.full(len(scans), np.inf)
    np.minimum.at(least, of_scan, values[:, 1])
    freshest, second = np.sort(least)[:2]
    if second - freshest > clocks.SCAN_MS:
        raise InputError(
            f"the sensor clock is {(second - freshest) / 1000:.3f} s ahead of that of all others",
            remedy="repair or delete this line, or leave the log out",
            path=path,
            line=int(line[np.argmin(values[:, 1])]),
        )


def _check_one_floor(positions: list[Records], path: Path) -> None:
    line, places = (
        np.concatenate(p)
        for p in zip(*((p.line, p.values[:, 2:4]) for p in positions), strict=True)
    )
    changes = np.flatnonzero(np.any(np.diff(places, axis=0) != 0, axis=1))
    if len(changes):
        raise InputError(
            f"floor or building changes from {places[changes[0]]} to {places[changes[0] + 1]}",
            remedy="split the log: a round lies on one floor",
            path=path,
            line=int(line[changes[0] + 1]),
        )


def _header(lines: Lines) -> list[str]:
    return lines.text[:_HEADER_LINES] if lines.number[0] == 1 else []


def _started_unix_ms(lines: Lines) -> int | None:
    """Find the recording's start in the header (Java writes it with an offset or a zone's name)."""
    for at, line in enumerate(_header(lines)):
        if found := _CREATED.search(line):
            date, offset, year = found.groups()
            text = f"{date} {year} {offset or '+00:00'}"
            try:
                return int(datetime.strptime(text, "%b %d %H:%M:%S %Y %z").timestamp()) * 1000
            except ValueError:
                raise lines.fault(f"{shown(text)} is no date", at) from None
    return None


def _phone_of(lines: Lines) -> str:
    found = _PHONE.search("\n".join(_header(lines)))
    return " ".join(found.groups()) if found else ""


def folder_origin(folder: Path) -> tuple[Path, tuple[float, float]]:
    """Return the first log of a folder that gives a position, and latitude and longitude of that.

    Raises InputError as `jobs`, and where none does.
    """
    logs = by_stem(folder, ".txt")
    listed = rounds_table.numbered(folder, logs, dealt_to=1)  # rounds do not matter here
    paths = [logs[name] for name in listed]
    for path in paths[:-1]:
        try:
            return path, first_position_deg(path)
        except InputError:
            continue  # the job that reads this log reports it
    return paths[-1], first_position_deg(paths[-1])
