"""A plain CSV layout for recordings of any other origin: one folder a round, four files in each.

    imu.csv        t_ms,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z   m/s^2 and rad/s
    mag.csv        t_ms,mag_x,mag_y,mag_z                              microtesla
    wifi.csv       t_ms,bssid,rss_dbm,age_ms                           a line an address heard
    waypoints.csv  t_ms,x_m,y_m                                        at least two in a survey

The first line of each file is that header, exactly; that of `wifi.csv` may go on with `,mhz`, the
middle of the channel an address was heard on, 0 where unknown. Times are whole ms of one clock that
all four files share, in rising order. WiFi lines of one time are one scan; age_ms is the time since
the access point was last really seen, 0 where unknown; a recording without WiFi has the header
alone. A log that is only to be located needs no `waypoints.csv`.
Every folder is a round of its own, in the order of their names, unless a `rounds.csv` beside them
(trace_id,round) groups them.
"""

from functools import partial
from pathlib import Path

import numpy as np

from mtloc_jax.logs import rounds_table
from mtloc_jax.logs.jobs import Job, checked_found, existing_folder
from mtloc_jax.logs.lines import DAY_MS, POSITION_LIMIT_M, SENSOR_LIMIT, Lines, read_lines
from mtloc_jax.logs.records import NO_LINE, Addresses, Records, in_order, scans_of
from mtloc_jax.logs.round import Round, Stream, checked
from mtloc_jax.logs.scans import check_levels, check_mhz

HEADERS = {
    "imu.csv": "t_ms,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z",
    "mag.csv": "t_ms,mag_x,mag_y,mag_z",
    "wifi.csv": "t_ms,bssid,rss_dbm,age_ms",
    "waypoints.csv": "t_ms,x_m,y_m",
}
WAYPOINTS = "waypoints.csv"
WITH_MHZ = f"{HEADERS['wifi.csv']},mhz"
_LATEST_MS = 1e14  # the year 5138 in Unix ms
_LONGEST_ADDRESS = 64
_NO_WAYPOINT = Records(NO_LINE, np.zeros(0, np.int64), np.zeros((0, 2)))


def jobs(folder: Path) -> list[Job]:
    """Return a job for each sub-folder that holds one of the four files; reading it needs all.

    Raises InputError where there is none, or `rounds.csv` lists others.
    """
    found = {
        path.parent.name for file in HEADERS for path in existing_folder(folder).glob(f"*/{file}")
    }
    names = sorted(name for name in found if not name.startswith("."))
    checked_found(names, "*/imu.csv, one folder a round", folder)
    made = []
    for name, (n, *rest) in rounds_table.numbered(folder, names).items():
        files = [folder / name / file for file in HEADERS]
        inputs = (*files, *rounds_table.inputs(folder))
        made.append(Job(name, n, inputs, partial(read_round, folder / name, name, n), *rest))
    return made


def read_round(folder: Path, name: str, number: int, *, growing: bool = False) -> Round:
    """Read the four files of one round, or what is there of them while they are `growing`.

    Without `waypoints.csv` it has no waypoint. What grows may lack a sensor.

    Raises InputError with the line on a wrong header or field count, unreadable or absurd numbers
    and times that are not whole or run backwards.
    """
    addresses = Addresses()
    imu, mag, wifi = (_records(folder / file, addresses, growing) for file in list(HEADERS)[:3])
    truth = folder / WAYPOINTS
    waypoints = _records(truth, addresses, growing) if truth.is_file() else _NO_WAYPOINT
    walk = Round(
        name,
        number,
        Stream(imu.t_ms, imu.values[:, :3]),
        Stream(imu.t_ms, imu.values[:, 3:]),
        mag.stream(),
        scans_of(wifi, addresses),
        waypoints.t_ms,
        waypoints.values,
        truth,
    )
    return walk if growing else checked(walk)


def _records(path: Path, addresses: Addresses, growing: bool) -> Records:
    header, parts = HEADERS[path.name], []
    for lines in read_lines(path, ",", growing=growing):
        if path.name == "wifi.csv" and lines.number[0] == 1 and lines.text[0] == WITH_MHZ:
            header = WITH_MHZ
        parts.append(_part(lines, header, addresses))
    return in_order(parts, path, path.stem, strictly=path.name == WAYPOINTS)


def _part(lines: Lines, header: str, addresses: Addresses) -> Records:
    lines, width = lines.body(header), header.count(",") + 1
    lines.check_width(width)
    if lines.path.name == "wifi.csv":
        return _wifi(lines, header, addresses)
    limit = POSITION_LIMIT_M if lines.path.name == WAYPOINTS else SENSOR_LIMIT
    values = lines.numbers(range(width), limit=[_LATEST_MS, *[limit] * (width - 1)])
    return Records(lines.number, _whole_ms(values[:, 0], lines), values[:, 1:].copy())


def _wifi(lines: Lines, header: str, addresses: Addresses) -> Records:
    address = [line.split(",", 2)[1] for line in lines.text]
    # NumPy drops a NUL at a text's end: two addresses would become one.
    fit = {a for a in set(address) if 0 < len(a) <= _LONGEST_ADDRESS and a.isprintable()}
    unfit = np.array([a not in fit for a in address], bool)
    lines.raise_at(unfit, "an access point's address is missing or unfit")
    limit = [_LATEST_MS, SENSOR_LIMIT, DAY_MS]
    if header == WITH_MHZ:
        values = lines.numbers((0, 2, 3, 4), limit=[*limit, SENSOR_LIMIT])
    else:
        values = np.pad(lines.numbers((0, 2, 3), limit=limit), ((0, 0), (0, 1)))
    check_levels(values[:, 1], lines)
    check_mhz(values[:, 3], lines)
    t_ms = _whole_ms(values[:, 0], lines)
    return Records(lines.number, t_ms, values[:, 1:].copy(), addresses.numbers(address))


def _whole_ms(times: np.ndarray, lines: Lines) -> np.ndarray:
    lines.raise_at(times % 1 != 0, "a time that is no whole number of ms")
    return times.astype(np.int64)
