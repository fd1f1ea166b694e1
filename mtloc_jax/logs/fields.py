"""Fields of text turned into arrays in bulk; a fault is looked for only once it is known."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError

SENSOR_LIMIT = 1e5  # no phone sensor reads beyond, in m/s^2, rad/s or microtesla
POSITION_LIMIT_M = 1e8  # UTM northings reach 1e7 m
DAY_MS = 86_400_000

Lines = Sequence[int] | np.ndarray  # the number of the line each row or field stands on

_REPAIR = "repair or delete this line, or leave the file out"


def numbers(
    rows: Sequence[Sequence[str]], lines: Lines, path: Path, *, limit: float | np.ndarray
) -> np.ndarray:
    """Return `rows` (all of one length) as f64[n, width].

    limit: the largest magnitude, for all columns or for each
    Raises InputError at the first field that is no number, not finite, or beyond `limit`.
    """
    if not rows:
        return np.zeros((0, 0))
    try:
        flat = np.fromiter(map(float, chain.from_iterable(rows)), np.float64)
    except ValueError:
        raise _bad_number(rows, lines, path) from None
    values = flat.reshape(len(rows), -1)
    if "_" in "".join(chain.from_iterable(rows)):
        raise _bad_number(rows, lines, path)
    if not np.all(np.abs(values) <= limit):  # false for NaN too
        at = int(np.argmin((np.abs(values) <= limit).all(axis=1)))
        raise InputError(
            f"a value is not finite or absurdly large: {' '.join(rows[at])[:120]}",
            remedy=_REPAIR,
            path=path,
            line=int(lines[at]),
        )
    return values


def is_number(field: str) -> bool:
    """Say whether a field is a number; "1_0", which float() reads as ten, is a damaged one."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def widths(rows: Sequence[Sequence[str]], lines: Lines, path: Path, width: int) -> None:
    """Raise InputError at the first row that has not `width` fields."""
    if set(map(len, rows)) <= {width}:
        return
    at = next(i for i, row in enumerate(rows) if len(row) != width)
    raise InputError(
        f"{len(rows[at])} fields instead of {width}", remedy=_REPAIR, path=path, line=int(lines[at])
    )


def unix_ms(fields: Sequence[str], lines: Lines, path: Path) -> np.ndarray:
    """Return time stamps of 13 digits (the years 2001 to 2286) as i64[n], or raise InputError."""
    text = "".join(fields)
    if set(map(len, fields)) <= {13} and text.isascii() and (text.isdigit() or not text):
        return np.fromiter(map(int, fields), np.int64, len(fields))
    at = next(i for i, f in enumerate(fields) if len(f) != 13 or not (f.isascii() and f.isdigit()))
    raise InputError(
        f"time stamp {fields[at][:40]!r} is not Unix milliseconds (13 digits)",
        remedy=_REPAIR,
        path=path,
        line=int(lines[at]),
    )


def in_time_order(
    t_ms: np.ndarray, lines: np.ndarray, path: Path, what: str, *, strictly: bool = False
) -> None:
    """Raise InputError where `t_ms` runs backwards (or repeats, if `strictly`) or leaps a day."""
    step = np.diff(t_ms)
    bad = (step < strictly) | (step > DAY_MS)
    if not bad.any():
        return
    at = int(np.argmax(bad)) + 1
    problem = "leaps more than a day" if step[at - 1] > DAY_MS else "does not increase"
    raise InputError(
        f"the time of {what} {problem}: {t_ms[at - 1]}, then {t_ms[at]}",
        remedy="sort or repair the log",
        path=path,
        line=int(lines[at]),
    )


def _bad_number(rows: Sequence[Sequence[str]], lines: Lines, path: Path) -> InputError:
    for row, line in zip(rows, lines, strict=True):
        for field in row:
            if not is_number(field):
                return InputError(
                    f"{field[:40]!r} is not a number", remedy=_REPAIR, path=path, line=int(line)
                )
    raise AssertionError("called without a bad number")
