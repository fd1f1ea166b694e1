"""A plain CSV layout for recordings of any other origin: one folder a round, four files in each.

    imu.csv        t_ms,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z   m/s^2 and rad/s
    mag.csv        t_ms,mag_x,mag_y,mag_z                              microtesla
    wifi.csv       t_ms,bssid,rss_dbm,age_ms                           a line an address heard
    waypoints.csv  t_ms,x_m,y_m                                        at least two

The first line of each file is that header, exactly. Times are whole ms of one clock that all four
files share, in rising order. WiFi lines of one time are one scan; age_ms is the time since the
access point was last really seen, 0 where unknown; a recording without WiFi has the header alone.
Every folder is a round of its own, in the order of their names, unless a `rounds.csv` beside them
(trace_id,round) groups them.
"""

from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import fields
from mtloc_jax.logs.blocks import blocks, existing_folder
from mtloc_jax.logs.records import Records, joined, scans_of
from mtloc_jax.logs.round import Progress, Round, Stream, checked
from mtloc_jax.logs.rounds_table import numbered
from mtloc_jax.logs.scans import check_levels

HEADERS = {
    "imu.csv": ["t_ms", "accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z"],
    "mag.csv": ["t_ms", "mag_x", "mag_y", "mag_z"],
    "wifi.csv": ["t_ms", "bssid", "rss_dbm", "age_ms"],
    "waypoints.csv": ["t_ms", "x_m", "y_m"],
}
_LATEST_MS = 1e14  # the year 5138 in Unix ms
_REPAIR = "repair or delete this line, or leave the round out"


def read_folders(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read every sub-folder of `folder` that holds an `imu.csv`.

    Raises InputError on a missing folder or file and, with the line, on a faulty one.
    """
    names = [path.parent.name for path in existing_folder(folder).glob("*/imu.csv")]
    if not names:
        raise InputError("no */imu.csv", remedy="make one folder a round", path=folder)
    walks = []
    for done, (name, number) in enumerate(numbered(folder, names).items(), start=1):
        walks.append(read_round(folder / name, name, number))
        if on_progress:
            on_progress(done, len(names))
    return walks


def read_round(folder: Path, name: str, number: int) -> Round:
    """Read the four files of one round.

    Raises InputError with the line on a wrong header or field count, unreadable or absurd numbers
    and times that are not whole or run backwards.
    """
    imu, mag, wifi, waypoints = (_records(folder / file) for file in HEADERS)
    return checked(
        Round(
            name,
            number,
            Stream(imu.t_ms, imu.values[:, :3]),
            Stream(imu.t_ms, imu.values[:, 3:]),
            Stream(mag.t_ms, mag.values),
            scans_of(wifi),
            waypoints.t_ms,
            waypoints.values,
            folder / "waypoints.csv",
        )
    )


def _records(path: Path) -> Records:
    header = HEADERS[path.name]
    parts = []
    for block in blocks(path):
        lines = [n for n, line in enumerate(block.lines, start=block.first) if line]
        rows = [line.split(",") for line in block.lines if line]
        if block.first == 1:
            _check_header(rows, header, path)
            lines, rows = lines[1:], rows[1:]
        if rows:
            fields.widths(rows, lines, path, len(header))
            parts.append(_part(rows, lines, path))
    records = joined(parts)
    fields.in_time_order(
        records.t_ms, records.line, path, path.stem, strictly=path.name == "waypoints.csv"
    )
    return records if parts else records._replace(values=np.zeros((0, len(header) - 1)))


def _check_header(rows: list[list[str]], header: list[str], path: Path) -> None:
    if not rows or rows[0] != header:
        raise InputError(
            f"the header is not {','.join(header)}",
            remedy="name the columns so; see mtloc_jax/logs/plain_csv.py for their units",
            path=path,
            line=1,
        )


def _part(rows: list[list[str]], lines: list[int], path: Path) -> Records:
    is_wifi = path.name == "wifi.csv"
    limit = fields.POSITION_LIMIT_M if path.name == "waypoints.csv" else fields.SENSOR_LIMIT
    columns = [0, 2, 3] if is_wifi else list(range(len(rows[0])))
    limits = np.array([_LATEST_MS, *[limit] * (len(columns) - 1)])
    if is_wifi:
        limits[2] = fields.DAY_MS
    values = fields.numbers([[row[c] for c in columns] for row in rows], lines, path, limit=limits)
    if np.any(values[:, 0] % 1):
        raise InputError(
            "a time that is no whole number of ms",
            remedy=_REPAIR,
            path=path,
            line=lines[int(np.argmax(values[:, 0] % 1 != 0))],
        )
    t_ms = values[:, 0].astype(np.int64)
    if not is_wifi:
        return Records(np.array(lines), t_ms, values[:, 1:])
    check_levels(values[:, 1], lines, path)
    return Records(np.array(lines), t_ms, values[:, 1:], np.array(_addresses(rows, lines, path)))


def _addresses(rows: list[list[str]], lines: list[int], path: Path) -> list[str]:
    for row, line in zip(rows, lines, strict=True):
        if not row[1].strip() or len(row[1]) > 64:
            raise InputError(
                f"no access point's address: {row[1][:64]!r}", remedy=_REPAIR, path=path, line=line
            )
    return [row[1].strip() for row in rows]
