"""Indoor Location Competition 2.0 text traces, and whole floors of them.

Format: github.com/location-competition/indoor-location-competition-20. Lines are tab-separated;
the first two fields are Unix ms and a record type; lines that begin with # are header and trailer.
"""

import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import fields
from mtloc_jax.logs.blocks import blocks, existing_folder
from mtloc_jax.logs.index import Index
from mtloc_jax.logs.records import NO_LINE, Addresses, Records, joined, scans_of
from mtloc_jax.logs.round import Progress, Round, Stream, checked
from mtloc_jax.logs.rounds_table import NAME, numbered
from mtloc_jax.logs.scans import check_levels

_SENSORS = (b"TYPE_ACCELEROMETER", b"TYPE_GYROSCOPE", b"TYPE_MAGNETIC_FIELD")
_WAYPOINT, _WIFI = b"TYPE_WAYPOINT", b"TYPE_WIFI"
_USED = (*_SENSORS, _WAYPOINT, _WIFI)
_WIDTH = {  # fields of a line; a WiFi line may have more, as a tab is legal in an SSID
    _WAYPOINT: 4,
    **dict.fromkeys(_SENSORS, 6),
    _WIFI: 7,
    b"TYPE_ROTATION_VECTOR": 6,
    b"TYPE_ACCELEROMETER_UNCALIBRATED": 9,
    b"TYPE_GYROSCOPE_UNCALIBRATED": 9,
    b"TYPE_MAGNETIC_FIELD_UNCALIBRATED": 9,
    b"TYPE_BEACON": 10,
    b"TYPE_BLUE": 5,
    b"TYPE_BLU4": 5,
    b"TYPE_DIST1": 5,
    b"TYPE_DIST2": 5,
    b"TYPE_SENSOR_MAGNETIC_FIELD_ACCURACY_CHANGED": 3,
}
_TYPE_AT = 13  # after the digits of Unix ms
_BSSID = re.compile(rb"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def read_floor(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read the traces of a floor in the order of its `rounds.csv`.

    `rounds.csv` needs the columns trace_id and round; traces lie in `path_data_files`.
    Raises InputError on a bad trace, and where `rounds.csv` and the traces do not correspond.
    """
    existing_folder(folder)
    traces = existing_folder(folder / "path_data_files")
    # Traces are short: without the table nothing says which of them make up a round.
    if not (folder / NAME).is_file():
        raise InputError(
            "no such file",
            remedy="write one with a header 'trace_id,round' and a line for every trace",
            path=folder / NAME,
        )
    rounds = numbered(folder, (path.stem for path in traces.glob("*.txt")))
    walks = []
    for done, (name, number) in enumerate(rounds.items(), start=1):
        walks.append(read_trace(traces / f"{name}.txt", name, number))
        if on_progress:
            on_progress(done, len(rounds))
    return walks


def read_trace(path: Path, name: str, number: int) -> Round:
    """Read one text trace.

    WiFi entries keep the time since they were last seen as `age_ms`: drop the stale ones with
    `WifiScans.fresh`.
    Raises InputError with the line on cut or glued lines, wrong field counts, unreadable or
    absurd numbers, time running backwards within a type, and where waypoints or a sensor lack.
    """
    parts: dict[bytes, list[Records]] = defaultdict(list)
    addresses = Addresses()
    started_ms, ended = None, False
    for block in blocks(path):
        index = Index(block, b"\t")
        groups, comments = _grouped(index, path)
        started_ms = started_ms or _time_of(comments, b"startTime")
        ended = ended or _time_of(comments, b"endTime") is not None
        for kind, lines in groups.items():
            if kind in _USED:
                parts[kind].append(_parsed(kind, index, lines, path, addresses))
    if not ended:
        raise InputError(
            "the trace is cut: no endTime line",
            remedy="copy it again, or end it with a line '#<tab>endTime:<Unix ms>' if it is whole",
            path=path,
        )
    kinds = {}
    for kind in _USED:
        part, strictly = joined(parts.pop(kind, [])), kind == _WAYPOINT
        fields.in_time_order(part.t_ms, part.line, path, kind.decode(), strictly=strictly)
        kinds[kind] = part._replace(line=NO_LINE)  # needed no more
    accel, gyro, mag = (Stream(kinds[kind].t_ms, kinds[kind].values) for kind in _SENSORS)
    return checked(
        Round(
            name,
            number,
            accel,
            gyro,
            mag,
            scans_of(kinds[_WIFI], addresses),
            kinds[_WAYPOINT].t_ms,
            kinds[_WAYPOINT].values,
            path,
            started_unix_ms=started_ms,
        )
    )


def _grouped(index: Index, path: Path) -> tuple[dict[bytes, np.ndarray], list[bytes]]:
    """Sort the lines of a block: (type -> lines of the right width, comments)."""
    groups: dict[bytes, np.ndarray] = {}
    known = np.zeros(index.n_lines, bool)
    for kind, width in _WIDTH.items():
        groups[kind] = lines = index.with_text(b"\t" + kind + b"\t", _TYPE_AT)
        known[lines] = True
        if kind == _WIFI:
            _check_wifi_width(index, lines, path)
        else:
            fields.check_width(index.n_fields[lines], index.number[lines], path, width)
    others = np.flatnonzero(~known)
    comments = [index.line(at) for at in others.tolist()]
    for at, line in zip(others, comments, strict=True):
        if not line.startswith(b"#") or b"\tTYPE_" in line:
            problem = f"cut line or unknown record type: {fields.shown(line)}"
            raise fields.fault(problem, path, index.number[at])
    return groups, comments


def _check_wifi_width(index: Index, lines: np.ndarray, path: Path) -> None:
    """Allow tabs in an SSID, but no second record on the line."""
    n_fields, width = index.n_fields[lines], _WIDTH[_WIFI]
    fields.check_width(np.minimum(n_fields, width), index.number[lines], path, width)
    for at in lines[n_fields > width].tolist():
        if index.line(at).count(b"\tTYPE_") > 1:
            raise fields.fault("two records glued together", path, index.number[at])


def _parsed(kind: bytes, index: Index, at: np.ndarray, path: Path, addresses: Addresses) -> Records:
    """Turn the lines `at` of one type into records."""
    if kind == _WIFI:
        return _wifi(index, at, path, addresses)
    lines, t_ms = index.number[at], fields.unix_ms(index, at, 0, path)
    is_waypoint = kind == _WAYPOINT
    columns = (2, 3) if is_waypoint else (2, 3, 4)
    limit = fields.POSITION_LIMIT_M if is_waypoint else fields.SENSOR_LIMIT
    return Records(lines, t_ms, fields.numbers(index, at, columns, path, limit=limit))


def _wifi(index: Index, at: np.ndarray, path: Path, addresses: Addresses) -> Records:
    """Take WiFi lines from their end: SSID, BSSID, dBm, MHz, time last seen."""
    lines = index.number[at]
    (bssid,) = index.columns(at, -4, -3)
    if unknown := {b for b in set(bssid) - addresses.keys() if not _BSSID.fullmatch(b)}:
        first = next(i for i, b in enumerate(bssid) if b in unknown)
        raise fields.fault(f"{fields.shown(bssid[first])} is not a BSSID", path, lines[first])
    rss_dbm = fields.numbers(index, at, [-3], path)[:, 0]
    check_levels(rss_dbm, lines, path)
    t_ms = fields.unix_ms(index, at, 0, path)
    age_ms = t_ms - fields.unix_ms(index, at, -1, path)
    absurd = np.abs(age_ms) > fields.DAY_MS
    fields.raise_at(absurd, "last seen more than a day from its scan", lines, path)
    return Records(lines, t_ms, np.stack([rss_dbm, age_ms], axis=1), addresses.numbers(bssid))


def _time_of(comments: list[bytes], key: bytes) -> int | None:
    found = re.search(rb"\b%s:(\d{13})\b" % key, b"\n".join(comments))
    return int(found[1]) if found else None
