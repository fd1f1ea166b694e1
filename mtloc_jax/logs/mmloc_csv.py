"""The authors' published 100 ms CSVs of Edinburgh and Bucharest (MMLoc, the paper's Section IV).

Columns 0-1 are ms, 2-10 the axes of accelerometer, gyroscope and magnetometer, 11-13 their
magnitudes, 14-15 the label in metres. Then Edinburgh has the position of a WiFi survey record
(16-17, a copy of the answer, never read) and 102 access points (18-119); Bucharest has access
points from 16 on and a last column of ms between the row and its WiFi record.
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
    access_points: slice
    lag_column: int | None  # ms between a row and its WiFi record, -1 = none attached
    ends_with_comma: bool


EDINBURGH = Layout(
    "edinburgh", r"sensor_wifi_timestep100_(\d+)\.csv(\.gz)?", 120, slice(18, 120), None, False
)
BUCHAREST = Layout(
    "bucharest", r"sensor_wifi_1_(\d+)_timestep100\.csv(\.gz)?", 60, slice(16, 59), 59, True
)
BUCHAREST_DUP = Layout(
    "bucharest_dup",
    r"dup_sensor_wifi_1_(\d+)_timestep100\.csv(\.gz)?",
    210,
    slice(16, 209),
    209,
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
    accel, gyro, mag = (Stream(t_ms, table[:, at : at + 3].copy()) for at in (2, 5, 8))
    return checked(
        Round(
            f"{layout.site}-{number:02d}",
            number,
            accel,
            gyro,
            mag,
            _scans(t_ms, table, layout),
            t_ms,
            table[:, 14:16].copy(),
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
    """Return the line numbers i64[n] and the rows f64[n, n_columns] of a block."""
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
    limit = np.full(layout.n_columns, fields.SENSOR_LIMIT)
    limit[:2] = fields.DAY_MS
    return lines, fields.numbers(index, at, range(layout.n_columns), path, limit=limit)


def _check_rows(table: np.ndarray, layout: Layout, line: np.ndarray, path: Path) -> None:
    scaled = table[:, layout.access_points]
    faults = {
        "columns 0 and 1 are not the same whole ms": (table[:, 0] != table[:, 1])
        | (table[:, 0] % 1 != 0),
        f"a scaled RSS outside 0..{_MAX_SCALED_RSS:g}": np.any(
            (scaled < 0) | (scaled > _MAX_SCALED_RSS), axis=1
        ),
    }
    if layout.lag_column is not None:
        lag_ms = table[:, layout.lag_column]
        faults[f"a WiFi lag that is neither -1 nor 0..{_MAX_LAG_MS} ms"] = (lag_ms != -1) & (
            (lag_ms < 0) | (lag_ms > _MAX_LAG_MS)
        )
    for problem, wrong in faults.items():
        if wrong.any():
            raise InputError(
                problem,
                remedy="repair or delete this line, or leave the round out",
                path=path,
                line=int(line[np.argmax(wrong)]),
            )


def _scans(t_ms: np.ndarray, table: np.ndarray, layout: Layout) -> WifiScans:
    """Turn the rows that carry a WiFi record into scans; a record may have heard nothing."""
    scaled = table[:, layout.access_points]
    if layout.lag_column is None:
        has_record, scan_t_ms = (scaled > 0).any(axis=1), t_ms
    else:
        lag_ms = table[:, layout.lag_column]
        has_record, scan_t_ms = lag_ms >= 0, t_ms + np.ceil(lag_ms).astype(np.int64)
    rows = np.flatnonzero(has_record)
    rows = rows[np.argsort(scan_t_ms[rows], kind="stable")]
    return scans_of_rows(scan_t_ms[rows], scaled[rows], layout.site)
