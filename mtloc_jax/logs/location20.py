"""Indoor Location Competition 2.0: text traces, a folder of them a floor.

Format: github.com/location-competition/indoor-location-competition-20. Lines are tab-separated;
the first two fields are Unix ms and a record type; lines that begin with # are header and trailer.
"""

import re
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import rounds_table
from mtloc_jax.logs.jobs import Job, by_stem
from mtloc_jax.logs.lines import DAY_MS, POSITION_LIMIT_M, SENSOR_LIMIT, Lines, read_lines, shown
from mtloc_jax.logs.orientation import as_extra, check_norm
from mtloc_jax.logs.records import Addresses, Records, in_order, scans_of
from mtloc_jax.logs.round import Round, checked
from mtloc_jax.logs.scans import BSSID, check_levels, check_mhz

_SENSORS = ("\tTYPE_ACCELEROMETER", "\tTYPE_GYROSCOPE", "\tTYPE_MAGNETIC_FIELD")
_ROTATION = "\tTYPE_ROTATION_VECTOR"
_WAYPOINT, _WIFI = "\tTYPE_WAYPOINT", "\tTYPE_WIFI"
_USED = (*_SENSORS, _ROTATION, _WAYPOINT, _WIFI)
_WIDTH = {  # fields of a line; a WiFi line may have more, as a tab is legal in an SSID
    _WAYPOINT: 4,
    **dict.fromkeys((*_SENSORS, _ROTATION), 6),
    _WIFI: 7,
    "\tTYPE_ACCELEROMETER_UNCALIBRATED": 9,
    "\tTYPE_GYROSCOPE_UNCALIBRATED": 9,
    "\tTYPE_MAGNETIC_FIELD_UNCALIBRATED": 9,
    "\tTYPE_BEACON": 10,
    "\tTYPE_BLUE": 5,
    "\tTYPE_BLU4": 5,
    "\tTYPE_DIST1": 5,
    "\tTYPE_DIST2": 5,
    "\tTYPE_SENSOR_MAGNETIC_FIELD_ACCURACY_CHANGED": 3,
}
_TYPE_AT = 13  # after the digits of Unix ms, a tab before it
_FIRST_UNIX_MS, _LAST_UNIX_MS = 1e12, 1e13 - 1  # 13 digits: the years 2001 to 2286


def jobs(folder: Path) -> list[Job]:
    """Return a job for each trace of a floor, in the order of its `rounds.csv`.

    `rounds.csv` needs the columns trace_id and round; traces lie in `path_data_files`.
    Raises InputError where a part is missing, or table and traces do not correspond.
    """
    traces = by_stem(folder / "path_data_files", ".txt")
    # Traces are short: without the table nothing says which of them make up a round.
    if not (table := rounds_table.inputs(folder)):
        raise InputError(
            "no such file",
            remedy="write one with a header 'trace_id,round' and a line for every trace",
            path=folder / rounds_table.NAME,
        )
    made = []
    for name, (n, *rest) in rounds_table.numbered(folder, traces).items():
        read = partial(read_trace, traces[name], name, n)
        made.append(Job(name, n, (traces[name], *table), read, *rest))
    return made


def read_trace(path: Path, name: str, number: int, *, growing: bool = False) -> Round:
    """Read one text trace, or what is there of one that is `growing`: then a sensor may lack.

    WiFi entries keep the time since they were last seen as `age_ms`: drop the stale ones with
    `WifiScans.fresh`.
    Raises InputError with the line on cut or glued lines, wrong field counts, unreadable or
    absurd numbers, rotation vectors longer than 1, time running backwards within a type, and where
    a sensor or the trace's end lacks.
    """
    parts: dict[str, list[Records]] = defaultdict(list)
    addresses = Addresses()
    started_ms, phone, ended = None, "", False
    for lines in read_lines(path, "\t", growing=growing):
        by_type, comments = _sorted(lines)
        started_ms = started_ms or _time_of(comments, "startTime")
        phone = phone or _phone_of(comments)
        ended = ended or _time_of(comments, "endTime") is not None
        for kind in _USED:
            parts[kind].append(_parsed(kind, by_type[kind], addresses))
    if not (ended or growing):
        raise InputError(
            "the trace is cut: no endTime line",
            remedy="copy it again, or end it with a line '#<tab>endTime:<Unix ms>' if it is whole",
            path=path,
        )
    records = {
        kind: in_order(parts.pop(kind), path, kind.strip(), strictly=kind == _WAYPOINT)
        for kind in _USED
    }
    accel, gyro, mag = (records[kind].stream() for kind in _SENSORS)
    walk = Round(
        name,
        number,
        accel,
        gyro,
        mag,
        scans_of(records[_WIFI], addresses),
        records[_WAYPOINT].t_ms,
        records[_WAYPOINT].values,
        path,
        started_unix_ms=started_ms,
        extra=as_extra(records[_ROTATION]),
        phone=phone,
    )
    return walk if growing else checked(walk)


def _sorted(lines: Lines) -> tuple[dict[str, Lines], str]:
    """Sort the lines of a block: (type -> lines of the right width, comments)."""
    # With the tab before it: where that is missing, the line is cut.
    types = (line[_TYPE_AT : line.find("\t", _TYPE_AT + 1)] for line in lines.text)
    by_type, others = lines.sorted_by(types, _WIDTH)
    for at, line in enumerate(others.text):
        if not line.startswith("#") or "\tTYPE_" in line:
            raise others.fault(f"cut line or unknown record type: {shown(line)}", at)
    for kind, of_type in by_type.items():
        of_type.check_width(_WIDTH[kind], or_more=kind == _WIFI)
    return by_type, "\n".join(others.text)


def _parsed(kind: str, lines: Lines, addresses: Addresses) -> Records:
    """Turn lines of one type into records."""
    if kind == _WIFI:
        return _wifi(lines, addresses)
    n_values, limit = (2, POSITION_LIMIT_M) if kind == _WAYPOINT else (3, SENSOR_LIMIT)
    columns = (0, *range(2, 2 + n_values))
    values = lines.numbers(columns, limit=[_LAST_UNIX_MS, *[limit] * n_values])
    if kind == _ROTATION:
        check_norm(values[:, 1:], lines)
    return Records(lines.number, _unix_ms(values[:, 0], lines), values[:, 1:].copy())


def _wifi(lines: Lines, addresses: Addresses) -> Records:
    """Take WiFi lines from their end, as a tab is legal in an SSID: BSSID, dBm, MHz, last seen."""
    glued = [line.count("\tTYPE_") > 1 for line in lines.text]
    lines.raise_at(np.array(glued, bool), "two records glued together")
    bssid = [line.rsplit("\t", 4)[1] for line in lines.text]
    if unknown := {b for b in set(bssid) - addresses.keys() if not BSSID.fullmatch(b)}:
        first = next(i for i, b in enumerate(bssid) if b in unknown)
        raise lines.fault(f"{shown(bssid[first])} is not a BSSID", first)
    limit = [_LAST_UNIX_MS, _LAST_UNIX_MS, SENSOR_LIMIT, SENSOR_LIMIT]
    values = lines.numbers((0, -1, -3, -2), limit=limit)
    t_ms, rss_dbm, mhz = _unix_ms(values[:, 0], lines), values[:, 2], values[:, 3]
    check_levels(rss_dbm, lines)
    age_ms = t_ms - _unix_ms(values[:, 1], lines)
    lines.raise_at(np.abs(age_ms) > DAY_MS, "last seen more than a day from its scan")
    check_mhz(mhz, lines)
    values = np.stack([rss_dbm, age_ms, mhz], axis=1)
    return Records(lines.number, t_ms, values, addresses.numbers(bssid))


def _unix_ms(times: np.ndarray, lines: Lines) -> np.ndarray:
    wrong = (times < _FIRST_UNIX_MS) | (times % 1 != 0)
    lines.raise_at(wrong, "a time stamp is not Unix ms of 13 digits")
    return times.astype(np.int64)


def _time_of(comments: str, key: str) -> int | None:
    found = re.search(rf"\b{key}:(\d{{13}})\b", comments, re.ASCII)
    return int(found[1]) if found else None


def _phone_of(comments: str) -> str:
    found = re.search(r"\bBrand:([^\t\n]*)\tModel:([^\t\n]*)", comments)
    return f"{found[1]} {found[2]}".strip() if found else ""
