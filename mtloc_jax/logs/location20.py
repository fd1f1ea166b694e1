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
from mtloc_jax.logs.blocks import Block, blocks, existing_folder
from mtloc_jax.logs.records import Records, joined, scans_of
from mtloc_jax.logs.round import Progress, Round, Stream, checked
from mtloc_jax.logs.rounds_table import NAME, numbered
from mtloc_jax.logs.scans import check_levels

_SENSORS = ("TYPE_ACCELEROMETER", "TYPE_GYROSCOPE", "TYPE_MAGNETIC_FIELD")
_WAYPOINT, _WIFI = "TYPE_WAYPOINT", "TYPE_WIFI"
_WIDTH = {  # fields after time and type; a WiFi line may have more, as a tab is legal in an SSID
    _WAYPOINT: 2,
    **dict.fromkeys(_SENSORS, 4),
    _WIFI: 5,
    "TYPE_ROTATION_VECTOR": 4,
    "TYPE_ACCELEROMETER_UNCALIBRATED": 7,
    "TYPE_GYROSCOPE_UNCALIBRATED": 7,
    "TYPE_MAGNETIC_FIELD_UNCALIBRATED": 7,
    "TYPE_BEACON": 8,
    "TYPE_BLUE": 3,
    "TYPE_BLU4": 3,
    "TYPE_DIST1": 3,
    "TYPE_DIST2": 3,
    "TYPE_SENSOR_MAGNETIC_FIELD_ACCURACY_CHANGED": 1,
}
_BSSID = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_REPAIR = "repair or delete this line, or leave the trace out"


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
    parts: dict[str, list[Records]] = defaultdict(list)
    started_ms, ended = None, False
    for block in blocks(path):
        comments, groups = _grouped(block, path)
        for comment in comments:
            started_ms = started_ms or _time_of(comment, "startTime")
            ended = ended or _time_of(comment, "endTime") is not None
        for kind, records in groups.items():
            if part := _parsed(kind, records, path):
                parts[kind].append(part)
    if not ended:
        raise InputError(
            "the trace is cut: no endTime line",
            remedy="copy it again, or end it with a line '#<tab>endTime:<Unix ms>' if it is whole",
            path=path,
        )
    return checked(_round(path, name, number, parts, started_ms))


def _grouped(block: Block, path: Path) -> tuple[list[str], dict[str, list[tuple[int, str, str]]]]:
    """Sort the lines of a block by type: (comments, type -> (line number, time, rest))."""
    comments: list[str] = []
    groups: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for number, line in enumerate(block.lines, start=block.first):
        if line.startswith("#") and "\tTYPE_" not in line:
            comments.append(line)
            continue
        try:
            time, kind, rest = line.split("\t", 2)
        except ValueError:
            raise InputError(
                f"cut line {line[:40]!r}", remedy=_REPAIR, path=path, line=number
            ) from None
        groups[kind].append((number, time, rest))
    return comments, groups


def _parsed(kind: str, records: list[tuple[int, str, str]], path: Path) -> Records | None:
    lines, times, rests = zip(*records, strict=True)
    if kind not in _WIDTH:
        raise InputError(
            f"unknown record type {kind[:40]!r}", remedy=_REPAIR, path=path, line=lines[0]
        )
    rows = [rest.split("\t") for rest in rests]
    if kind == _WIFI:
        rows = _joined_ssids(rows)
    fields.widths(rows, lines, path, _WIDTH[kind])
    if kind == _WIFI:
        return _wifi_part(rows, lines, fields.unix_ms(times, lines, path), path)
    if kind not in _SENSORS and kind != _WAYPOINT:
        return None
    limit = fields.POSITION_LIMIT_M if kind == _WAYPOINT else fields.SENSOR_LIMIT
    values = fields.numbers(rows, lines, path, limit=limit)
    t_ms = fields.unix_ms(times, lines, path)
    return Records(np.array(lines), t_ms, values[:, :3])


def _joined_ssids(rows: list[list[str]]) -> list[list[str]]:
    """Undo the splitting of SSIDs that hold tabs; glued records stay too long."""
    if max(map(len, rows)) == _WIDTH[_WIFI]:
        return rows
    return [
        ["\t".join(row[:-4]), *row[-4:]]
        if len(row) > _WIDTH[_WIFI] and not _WIDTH.keys() & set(row)
        else row
        for row in rows
    ]


def _wifi_part(
    rows: list[list[str]], lines: tuple[int, ...], t_ms: np.ndarray, path: Path
) -> Records:
    """Check and convert WiFi lines: SSID, BSSID, dBm, MHz, time last seen."""
    _, bssid, dbm, _, seen = zip(*rows, strict=True)
    for i, address in enumerate(bssid):
        if not _BSSID.fullmatch(address):
            raise InputError(
                f"{address[:40]!r} is not a BSSID", remedy=_REPAIR, path=path, line=lines[i]
            )
    rss_dbm = fields.numbers([[level] for level in dbm], lines, path, limit=1e3)[:, 0]
    age_ms = t_ms - fields.unix_ms(seen, lines, path)
    check_levels(rss_dbm, lines, path)
    if np.any(np.abs(age_ms) > fields.DAY_MS):
        raise InputError(
            "last seen more than a day from its scan",
            remedy=_REPAIR,
            path=path,
            line=lines[int(np.argmax(np.abs(age_ms) > fields.DAY_MS))],
        )
    return Records(np.array(lines), t_ms, np.stack([rss_dbm, age_ms], 1), np.array(bssid))


def _round(
    path: Path, name: str, number: int, parts: dict[str, list[Records]], started_ms: int | None
) -> Round:
    kinds = {kind: joined(parts.pop(kind, [])) for kind in (*_SENSORS, _WAYPOINT, _WIFI)}
    for kind, records in kinds.items():
        fields.in_time_order(records.t_ms, records.line, path, kind, strictly=kind == _WAYPOINT)
    accel, gyro, mag = (Stream(kinds[kind].t_ms, kinds[kind].values) for kind in _SENSORS)
    return Round(
        name,
        number,
        accel,
        gyro,
        mag,
        scans_of(kinds[_WIFI]),
        kinds[_WAYPOINT].t_ms,
        kinds[_WAYPOINT].values,
        path,
        started_unix_ms=started_ms,
    )


def _time_of(comment: str, key: str) -> int | None:
    found = re.search(rf"\b{key}:(\d{{13}})\b", comment)
    return int(found[1]) if found else None
