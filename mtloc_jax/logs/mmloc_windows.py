"""The authors' published windows (.npy) of scenarios A and B, taken apart into rounds.

`sensor_baseline_{train,val,test}.npy` holds windows f64[n, 10, 3] of the magnitudes of
acceleration, angular rate and magnetic field, read 99, 199, ... 999 ms after each window's start;
`location_*.npy` the label at that start. Windows start every 100 ms, so that each repeats nine
steps of the one before; where that fails a new round begins. Both are min-max scaled to 0..1
within each round by the publisher, test rounds included: units are lost, and labels become metres
only through the extent of the building.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.frozen import frozen_spans_of
from mtloc_jax.logs.jobs import Job, checked_found, existing_folder
from mtloc_jax.logs.lines import chunks
from mtloc_jax.logs.round import Round, Stream, WifiScans, no_wifi, surveyed
from mtloc_jax.logs.scans import scans_of_rows

SPLITS = ("train", "val", "test")
STEP_MS, FIRST_STEP_MS, STEPS = 100, 99, 10
# Published for A; upstream draws B, whose extent is not published, at the same scale.
EXTENT_M = np.array([39.76, 32.63])
_TOLERANCE = 1e-9  # of the scaling to 0..1
_REPAIR = "download the array again"
_NPY_PREAMBLE = 10  # bytes before the header's text: magic, version, the text's length
_NPY_HEADER = (
    rb"\x93NUMPY\x01\x00(..)\{'descr': '<f8', 'fortran_order': (True|False), "
    rb"'shape': \((0|[1-9]\d{0,8}), %s\), \} *\n"
)


@dataclass(frozen=True)
class _Split:
    windows: np.ndarray
    labels: np.ndarray
    starts: np.ndarray  # of the rounds: the indices of their first windows
    source: Path


def jobs(read: Callable[[Path], list[Round]], folder: Path) -> list[Job]:
    """Return the one job of a scenario's folder; read: `read_scenario_a` or `read_scenario_b`.

    Raises InputError where the folder is missing or holds no array.
    """
    inputs = tuple(sorted(existing_folder(folder).glob("*.npy")))
    checked_found(inputs, ".npy file", folder)
    return [Job(read.__name__.removeprefix("read_"), None, inputs, partial(read, folder))]


def read_scenario_a(folder: Path) -> list[Round]:
    """Read scenario A's 14 rounds: 8 for training, 5 for validation, 1 for test.

    Only the test round's WiFi is published; its access points are named as in the CSVs.
    Raises InputError on a missing or damaged array.
    """
    walks = _read(folder, "scenario_a")
    wifi = _test_scans(folder / "overlap_ds_wifi_test.npy", len(walks[-1].waypoint_t_ms))
    return [*walks[:-1], replace(walks[-1], wifi=wifi)]


def read_scenario_b(folder: Path) -> list[Round]:
    """Read scenario B's 12 rounds (8, 3 and 1). Its WiFi is not published.

    Raises InputError on a missing or damaged array.
    """
    return _read(folder, "scenario_b")


def _read(folder: Path, site: str) -> list[Round]:
    existing_folder(folder)
    walks: list[Round] = []
    for split in (_split(folder, name) for name in SPLITS):
        for part in np.split(np.arange(len(split.windows)), split.starts[1:]):
            walks.append(_round(split, part, site, len(walks) + 1))
    return walks


def _split(folder: Path, name: str) -> _Split:
    source = folder / f"sensor_baseline_{name}.npy"
    windows = _array(source, (STEPS, 3))
    labels = _array(folder / f"location_{name}.npy", (2,))
    if len(windows) != len(labels) or not len(windows):
        raise InputError(
            f"{len(windows)} windows and {len(labels)} labels", remedy=_REPAIR, path=source
        )
    return _Split(windows, labels, _round_starts(windows, source), source)


def _round_starts(windows: np.ndarray, source: Path) -> np.ndarray:
    """Return the first window of each round; no window may repeat just a part of the one before."""
    repeated = (windows[1:, :-1] == windows[:-1, 1:]).mean(axis=(1, 2))
    damaged = (repeated > 0.5) & (repeated < 1)  # between rounds hardly a value is the same
    if damaged.any():
        raise InputError(
            f"window {np.argmax(damaged) + 1} repeats the one before only in part",
            remedy=_REPAIR,
            path=source,
        )
    return np.concatenate([[0], np.flatnonzero(repeated < 1) + 1])


def _round(split: _Split, part: np.ndarray, site: str, number: int) -> Round:
    """Join the windows `part`, consecutive ones, into the series they were cut from."""
    windows = split.windows[part]
    series = np.concatenate([windows[0], windows[1:, -1]])
    t_ms = FIRST_STEP_MS + STEP_MS * np.arange(len(series))
    accel, gyro, mag = (Stream(t_ms, series[:, i : i + 1]) for i in range(3))
    return surveyed(
        Round(
            f"{site}-{number:02d}",
            number,
            accel,
            gyro,
            mag,
            no_wifi(),
            STEP_MS * np.arange(len(windows)),
            split.labels[part] * EXTENT_M,
            split.source,
            frozen=frozen_spans_of(accel, gyro, mag),
            normalised=True,
        )
    )


def _test_scans(path: Path, n_windows: int) -> WifiScans:
    """Read a row of scaled RSS for each window; rows past the round's last window have no label."""
    scaled = _array(path, (102,), upper=2.0)
    if len(scaled) < n_windows:
        raise InputError(f"{len(scaled)} rows for {n_windows} windows", remedy=_REPAIR, path=path)
    heard = np.flatnonzero(scaled[:n_windows].any(axis=1))  # a row of zeros had no record
    return scans_of_rows(STEP_MS * heard, scaled[heard], "edinburgh")


def _array(path: Path, row: tuple[int, ...], upper: float = 1.0) -> np.ndarray:
    """Load f64[n, *row] with values in 0..upper."""
    data = b"".join(chunks(path))
    # Not np.load: on a damaged header it raises whatever Python's own parser happens to.
    row_text = ", ".join(map(str, row))
    header = re.match(_NPY_HEADER % row_text.encode(), data, re.DOTALL)
    start, size = (header.end(), int(header[3]) * math.prod(row) * 8) if header else (0, -1)
    whole = header and int.from_bytes(header[1], "little") == len(header[0]) - _NPY_PREAMBLE
    if not header or not whole or len(data) != start + size:
        problem = f"no whole NumPy array of float64[n, {row_text}]"
        raise InputError(problem, remedy=_REPAIR, path=path)
    order: Literal["F", "C"] = "F" if header[2] == b"True" else "C"
    array = np.frombuffer(data, "<f8", offset=start)
    array = array.reshape((int(header[3]), *row), order=order)
    axes = tuple(range(1, array.ndim))
    good = ((array >= -_TOLERANCE) & (array <= upper + _TOLERANCE)).all(axis=axes)
    if not good.all():  # false for NaN too
        raise InputError(
            f"row {np.argmin(good)} holds a value outside 0..{upper:g}",
            remedy=_REPAIR,
            path=path,
        )
    return array
