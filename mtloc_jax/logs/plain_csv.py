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
from mtloc_jax.logs.blocks import Block, blocks, existing_folder
from mtloc_jax.logs.index import Index
from mtloc_jax.logs.records import Addresses, Records, joined, scans_of
from mtloc_jax.logs.round import Progress, Round, Stream, checked
from mtloc_jax.logs.rounds_table import numbered
from mtloc_jax.logs.scans import check_levels

HEADERS = {
    "imu.csv": b"t_ms,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z",
    "mag.csv": b"t_ms,mag_x,mag_y,mag_z",
    "wifi.csv": b"t_ms,bssid,rss_dbm,age_ms",
    "waypoints.csv": b"t_ms,x_m,y_m",
}
_LATEST_MS = 1e14  # the year 5138 in Unix ms
_LONGEST_ADDRESS = 64


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
    addresses = Addresses()
    imu, mag, wifi, waypoints = (_records(folder / file, addresses) for file in HEADERS)
    return checked(
        Round(
            name,
            number,
            Stream(imu.t_ms, imu.values[:, :3]),
            Stream(imu.t_ms, imu.values[:, 3:]),
            Stream(mag.t_ms, mag.values),
            scans_of(wifi, addresses),
            waypoints.t_ms,
            waypoints.values,
            folder / "waypoints.csv",
        )
    )


def _records(path: Path, addresses: Addresses) -> Records:
    parts = [_part(block, path, addresses) for block in blocks(path)]
    records = joined(parts)
    strictly = path.name == "waypoints.csv"
    fields.in_time_order(records.t_ms, records.line, path, path.stem, strictly=strictly)
    return records


def _part(block: Block, path: Path, addresses: Addresses) -> Records:
    index, header = Index(block, b","), HEADERS[path.name]
    at = np.flatnonzero(~index.blank())
    if block.first == 1:
        fields.check_header(index, header, path)
        at = at[1:]
    lines, width = index.number[at], header.count(b",") + 1
    fields.check_width(index.n_fields[at], lines, path, width)
    t_ms = fields.numbers(index, at, [0], path, limit=_LATEST_MS)[:, 0]
    fields.raise_at(t_ms % 1 != 0, "a time that is no whole number of ms", lines, path)
    t_ms = t_ms.astype(np.int64)
    if path.name == "wifi.csv":
        return _wifi(index, at, t_ms, path, addresses)
    limit = fields.POSITION_LIMIT_M if path.name == "waypoints.csv" else fields.SENSOR_LIMIT
    return Records(lines, t_ms, fields.numbers(index, at, range(1, width), path, limit=limit))


def _wifi(
    index: Index, at: np.ndarray, t_ms: np.ndarray, path: Path, addresses: Addresses
) -> Records:
    lines, (address,) = index.number[at], index.columns(at, 1, 2)
    # NumPy drops a NUL at a text's end: two addresses would become one.
    fit = {a for a in set(address) if 0 < len(a) <= _LONGEST_ADDRESS and a.decode().isprintable()}
    unfit = np.array([a not in fit for a in address], bool)
    fields.raise_at(unfit, "an access point's address is missing or unfit", lines, path)
    limit = np.array([fields.SENSOR_LIMIT, fields.DAY_MS])
    values = fields.numbers(index, at, [2, 3], path, limit=limit)
    check_levels(values[:, 0], lines, path)
    return Records(lines, t_ms, values, addresses.numbers(address))
