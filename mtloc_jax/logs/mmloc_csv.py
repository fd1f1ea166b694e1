"""The authors' published 100 ms CSVs of Edinburgh and Bucharest (MMLoc, the paper's Section IV).

Columns 0-1 are ms, 2-10 the axes of accelerometer, gyroscope and magnetometer, 11-13 their
magnitudes (not read), 14-15 the label in metres. Then Edinburgh has the position of a WiFi survey
record (16-17, a copy of the answer, never read) and 102 access points (18-119); Bucharest has
access points from 16 on and a last column of ms between the row and its WiFi record.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs import fields
from mtloc_jax.logs.blocks import Block, blocks, existing_folder
from mtloc_jax.logs.frozen import frozen_spans_of
from mtloc_jax.logs.index import Index
from mtloc_jax.logs.round import Progress, Round, Stream, WifiScans, checked
from mtloc_jax.logs.scans import scans_of_rows

_MAX_SCALED_RSS = 2.0
_MAX_LAG_MS = 1000


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


def read_edinburgh(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read Edinburgh's rounds in order of their number.

    A row with any heard access point is a scan at that row's time; labels are one waypoint a row.
    Raises InputError on a missing folder or round and, with the line, on a faulty file.
    """
    return _read_site(folder, EDINBURGH, on_progress)


def read_bucharest(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read Bucharest's main set in order of the rounds' number.

    A WiFi record lies up to 1 s before or after its row and the sign is not published. A scan is
    stamped with the latest moment it can have been made, so that no window sees a future one.
    Raises InputError as `read_edinburgh`.
    """
    return _read_site(folder, BUCHAREST, on_progress)


def read_bucharest_dup(folder: Path, on_progress: Progress | None = None) -> list[Round]:
    """Read Bucharest's undocumented `dup` set, a site of its own: its labels are others.

    Raises InputError as `read_edinburgh`.
    """
    return _read_site(folder, BUCHAREST_DUP, on_progress)


def read_round(path: Path, layout: Layout, number: int) -> Round:
    """Read one file of a layout.

    Raises InputError with the line on a wrong header or field count, a field that is not a
    finite number, an absurd value, or time that does not increase.
    """
    parts = [_table(block, layout, path) for block in blocks(path)]
    line, table = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not len(table):
        raise InputError(
            "a header and no row", remedy="copy the file again or leave it out", path=path
        )
    t_ms = table[:, 0].astype(np.int64)
    fields.in_time_order(t_ms, line, path, "a row", strictly=True)
    _check_rows(table, layout, line, path)
    accel, gyro, mag = (Stream(t_ms, table[:, at : at + 3].copy()) for at in _AXES_AT)
    return checked(
        Round(
            f"{layout.site}-{number:02d}",
            number,
            accel,
            gyro,
            mag,
            _scans(t_ms, table, layout),
            t_ms,
            table[:, _LABEL_AT].copy(),
            path,
            frozen=frozen_spans_of(accel, gyro, mag),
        )
    )


def _read_site(folder: Path, layout: Layout, on_progress: Progress | None) -> list[Round]:
    existing_folder(folder)
    files = {
        int(found[1]): path
        for path in sorted(folder.iterdir())
        if (found := re.fullmatch(layout.file_name, path.name))
    }
    if not files:
        raise InputError(
            f"no file named like {layout.file_name}", remedy="check the folder", path=folder
        )
    if missing := set(range(1, max(files) + 1)) - files.keys():
        raise InputError(
            f"round {min(missing)} is missing", remedy="copy the folder again", path=folder
        )
    walks = []
    for number in sorted(files):
        walks.append(read_round(files[number], layout, number))
        if on_progress:
            on_progress(number, len(files))
    return walks


def _table(block: Block, layout: Layout, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the line numbers i64[n] of a block and the columns read f64[n, columns]."""
    index = Index(block, b",")
    at = np.flatnonzero(~index.blank())
    if block.first == 1:
        header = ",".join(map(str, range(layout.n_columns))) + "," * layout.ends_with_comma
        fields.check_header(index, header.encode(), path)
        at = at[1:]
    lines, width = index.number[at], layout.n_columns + layout.ends_with_comma
    fields.check_width(index.n_fields[at], lines, path, width)
    if layout.ends_with_comma:
        filled = index.lengths(at, -1) > 0
        fields.raise_at(filled, "text after the last comma", lines, path)
    limit = np.full(len(layout.columns), fields.SENSOR_LIMIT)
    limit[:2] = fields.DAY_MS
    return lines, fields.numbers(index, at, layout.columns, path, limit=limit)


def _check_rows(table: np.ndarray, layout: Layout, lines: np.ndarray, path: Path) -> None:
    t_ms, scaled, lag_ms = table[:, 0], _scaled(table, layout), table[:, -1]
    uneven = (t_ms != table[:, 1]) | (t_ms % 1 != 0)
    fields.raise_at(uneven, "columns 0 and 1 are not the same whole ms", lines, path)
    absurd = np.any((scaled < 0) | (scaled > _MAX_SCALED_RSS), axis=1)
    fields.raise_at(absurd, f"a scaled RSS outside 0..{_MAX_SCALED_RSS:g}", lines, path)
    if layout.has_lag:
        absurd = (lag_ms != -1) & ((lag_ms < 0) | (lag_ms > _MAX_LAG_MS))
        problem = f"a WiFi lag that is neither -1 nor 0..{_MAX_LAG_MS} ms"
        fields.raise_at(absurd, problem, lines, path)


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
