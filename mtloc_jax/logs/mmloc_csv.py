"""The authors' published 100 ms CSVs of Edinburgh and Bucharest (MMLoc, the paper's Section IV).

Columns 0-1 are ms, 2-10 the axes of accelerometer, gyroscope and magnetometer, 11-13 their
magnitudes (not read), 14-15 the label in metres. Then Edinburgh has the position of a WiFi survey
record (16-17, a copy of the answer, never read) and 102 access points (18-119); Bucharest has
access points from 16 on and a last column of ms between the row and its WiFi record.
"""

import re
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.frozen import frozen_spans_of
from mtloc_jax.logs.jobs import Job, checked_found, existing_folder
from mtloc_jax.logs.lines import DAY_MS, SENSOR_LIMIT, Lines, check_time_order, read_lines
from mtloc_jax.logs.round import Round, Stream, WifiScans, surveyed
from mtloc_jax.logs.scans import scans_of_rows

_MAX_SCALED_RSS = 2.0
_MAX_LAG_MS = 1000
STEP_MS = 100


@dataclass(frozen=True)
class Layout:
    """Describe one family of files: its names, its columns and where WiFi lies in them."""

    site: str
    file_name: str  # a pattern whose group is the round
    n_columns: int
    access_points: range
    has_lag: bool  # in the last column: ms between a row and its WiFi record, -1 = none attached
    ends_with_comma: bool

    @property
    def columns(self) -> list[int]:
        """Return the columns to read: times, axes, label, access points, lag."""
        lag = [self.n_columns - 1] if self.has_lag else []
        return [*range(11), 14, 15, *self.access_points, *lag]


_AXES_AT, _LABEL_AT, _WIFI_AT = (2, 5, 8), slice(11, 13), 13  # in the columns read

EDINBURGH = Layout(
    "edinburgh", r"sensor_wifi_timestep100_(\d+)\.csv(\.gz)?", 120, range(18, 120), False, False
)
BUCHAREST = Layout(
    "bucharest", r"sensor_wifi_1_(\d+)_timestep100\.csv(\.gz)?", 60, range(16, 59), True, True
)
BUCHAREST_DUP = Layout(
    "bucharest_dup",
    r"dup_sensor_wifi_1_(\d+)_timestep100\.csv(\.gz)?",
    210,
    range(16, 209),
    True,
    True,
)


def jobs(layout: Layout, folder: Path) -> list[Job]:
    """Return a job for each file of a layout, in order of the rounds' number.

    Raises InputError where the folder is missing, holds none, or a round is missing.
    """
    paths: dict[int, Path] = {}
    for path in sorted(existing_folder(folder).iterdir()):
        if not (found := re.fullmatch(layout.file_name, path.name)):
            continue
        if (n := int(found[1])) in paths:
            raise InputError(
                f"round {n} is in {paths[n].name} too", remedy="delete one of the two", path=path
            )
        paths[n] = path
    checked_found(paths, f"file named like {layout.file_name}", folder)
    # Not by a list of all numbers: one name may say a billion.
    first_missing = next(n for n in count(1) if n not in paths)
    if first_missing < max(paths):
        raise InputError(
            f"round {first_missing} is missing", remedy="copy the folder again", path=folder
        )
    return [
        Job(_name(layout, n), n, (paths[n],), partial(read_round, paths[n], layout, n))
        for n in sorted(paths)
    ]


def read_round(
    path: Path, layout: Layout, number: int, *, causal: bool = False, growing: bool = False
) -> Round:
    """Read one file of a layout; labels are one waypoint a row.

    causal:  tell of frozen sensors without what comes later, as frozen.frozen_spans does
    growing: of a file that is still written, read the rows that are there, maybe none

    Edinburgh: a row with any heard access point is a scan at that row's time.
    Bucharest: a WiFi record lies up to 1 s before or after its row and the sign is not published;
    a scan is stamped with the latest moment it can have been made, so that no window sees a future
    one.
    Raises InputError with the line on a wrong header or field count, a field that is not a
    finite number, an absurd value, or time that does not go on by 100 ms.
    """
    parts = [_rows(lines, layout) for lines in read_lines(path, ",", growing=growing)]
    line, table = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not (len(table) or growing):
        raise InputError(
            "a header and no row", remedy="copy the file again or leave it out", path=path
        )
    t_ms = table[:, 0].astype(np.int64)
    check_time_order(t_ms, line, path, "a row", strictly=True)
    _check_none_lacks(t_ms, line, path)
    accel, gyro, mag = (Stream(t_ms, table[:, at : at + 3].copy()) for at in _AXES_AT)
    walk = Round(
        _name(layout, number),
        number,
        accel,
        gyro,
        mag,
        _scans(t_ms, table, layout),
        t_ms,
        table[:, _LABEL_AT].copy(),
        path,
        frozen=frozen_spans_of(accel, gyro, mag, causal=causal),
    )
    return walk if growing else surveyed(walk)


def _check_none_lacks(t_ms: np.ndarray, line: np.ndarray, path: Path) -> None:
    uneven = np.diff(t_ms) != STEP_MS
    if uneven.any():
        at = int(np.argmax(uneven))
        step_ms = t_ms[at + 1] - t_ms[at]
        raise InputError(
            f"{step_ms} ms after the row before, not {STEP_MS}: rows lack, or a time is damaged",
            remedy="copy the file again or leave it out",
            path=path,
            line=int(line[at + 1]),
        )


def _name(layout: Layout, number: int) -> str:
    return f"{layout.site}-{number:02d}"


def _rows(lines: Lines, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return the line numbers i32[n] of a block and the columns read f64[n, columns]."""
    header = ",".join(map(str, range(layout.n_columns))) + "," * layout.ends_with_comma
    lines = lines.body(header)
    lines.check_width(layout.n_columns + layout.ends_with_comma)
    if layout.ends_with_comma:
        filled = np.array([not line.endswith(",") for line in lines.text], bool)
        lines.raise_at(filled, "text after the last comma")
    limit = [DAY_MS, DAY_MS, *[SENSOR_LIMIT] * (len(layout.columns) - 2)]
    table = lines.numbers(layout.columns, limit=limit)
    _check_rows(table, layout, lines)
    return lines.number, table


def _check_rows(table: np.ndarray, layout: Layout, lines: Lines) -> None:
    t_ms, scaled, lag_ms = table[:, 0], _scaled(table, layout), table[:, -1]
    uneven = (t_ms != table[:, 1]) | (t_ms % 1 != 0)
    lines.raise_at(uneven, "columns 0 and 1 are not the same whole ms")
    absurd = np.any((scaled < 0) | (scaled > _MAX_SCALED_RSS), axis=1)
    lines.raise_at(absurd, f"a scaled RSS outside 0..{_MAX_SCALED_RSS:g}")
    if layout.has_lag:
        absurd = (lag_ms != -1) & ((lag_ms < 0) | (lag_ms > _MAX_LAG_MS))
        lines.raise_at(absurd, f"a WiFi lag that is neither -1 nor 0..{_MAX_LAG_MS} ms")


def _scaled(table: np.ndarray, layout: Layout) -> np.ndarray:
    return table[:, _WIFI_AT : _WIFI_AT + len(layout.access_points)]


def _scans(t_ms: np.ndarray, table: np.ndarray, layout: Layout) -> WifiScans:
    """Turn the rows that carry a WiFi record into scans; a record may have heard nothing."""
    scaled = _scaled(table, layout)
    if layout.has_lag:
        lag_ms = table[:, -1]
        has_record, scan_t_ms = lag_ms >= 0, t_ms + np.ceil(lag_ms).astype(np.int64)
    else:
        has_record, scan_t_ms = np.any(scaled > 0, axis=1), t_ms
    rows = np.flatnonzero(has_record)
    rows = rows[np.argsort(scan_t_ms[rows], kind="stable")]
    return scans_of_rows(scan_t_ms[rows], scaled[rows], layout.site)
