"""Columns of text turned into arrays in bulk; a fault is looked for only once it is known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.index import Index

SENSOR_LIMIT = 1e5  # no phone sensor reads beyond, in m/s^2, rad/s or microtesla
POSITION_LIMIT_M = 1e8  # UTM northings reach 1e7 m
DAY_MS = 86_400_000

Lines = Sequence[int] | np.ndarray  # the number of the line each record stands on

_REPAIR = "repair or delete this line, or leave the file out"
_UNIX_MS_DIGITS = 13  # the years 2001 to 2286


def fault(problem: str, path: Path, line: int) -> InputError:
    """Return the error for one faulty line of a log."""
    return InputError(problem, remedy=_REPAIR, path=path, line=int(line))


def raise_at(wrong: np.ndarray, problem: str, lines: Lines, path: Path) -> None:
    """Raise InputError with `problem` at the first record that is `wrong`: bool[n], if any is."""
    if wrong.any():
        raise fault(problem, path, lines[int(np.argmax(wrong))])


def check_width(n_fields: np.ndarray, lines: Lines, path: Path, width: int) -> None:
    """Raise InputError at the first line that has not `width` fields."""
    wrong = n_fields != width
    if wrong.any():
        at = int(np.argmax(wrong))
        raise fault(f"{n_fields[at]} fields instead of {width}", path, lines[at])


def check_header(index: Index, header: bytes, path: Path) -> None:
    """Raise InputError where the first line of a file is not `header`."""
    if index.line(0) != header:
        raise InputError(
            f"the header is not {header.decode()[:60]}{'...' if len(header) > 60 else ''}",
            remedy="check the format's name, and name the columns so",
            path=path,
            line=1,
        )


def numbers(
    index: Index,
    at: np.ndarray,
    columns: Sequence[int],
    path: Path,
    *,
    limit: float | np.ndarray = SENSOR_LIMIT,
) -> np.ndarray:
    """Return some fields of the lines `at` as f64[n, len(columns)].

    columns: the fields, negative ones counted from the line's end
    limit: the largest magnitude, for all columns or for each
    Raises InputError at the first field that is no number, not finite, or beyond `limit`.
    """
    values, good = index.floats(at, columns)
    good &= np.abs(values) <= limit  # false for NaN too
    if not good.all():
        line, column = np.argwhere(~good)[0]
        (text,) = index.columns(at[line : line + 1], columns[column], columns[column] + 1)[0]
        problem = "not a number, not finite, or absurdly large"
        raise fault(f"{shown(text)} is {problem}", path, index.number[at[line]])
    return values


def unix_ms(index: Index, at: np.ndarray, field: int, path: Path) -> np.ndarray:
    """Return a field of time stamps in Unix ms of some lines as i64[n], or raise InputError."""
    t_ms = index.digits(at, field, _UNIX_MS_DIGITS)
    raise_at(t_ms < 0, "a time stamp is not Unix ms of 13 digits", index.number[at], path)
    return t_ms


def in_time_order(
    t_ms: np.ndarray, lines: Lines, path: Path, what: str, *, strictly: bool = False
) -> None:
    """Raise InputError where `t_ms` runs backwards (or repeats, if `strictly`) or leaps a day."""
    step = np.diff(t_ms)
    bad = (step < strictly) | (step > DAY_MS)
    if not bad.any():
        return
    at = int(np.argmax(bad)) + 1
    problem = "leaps more than a day" if step[at - 1] > DAY_MS else "does not increase"
    raise fault(f"the time of {what} {problem}: {t_ms[at - 1]}, then {t_ms[at]}", path, lines[at])


def shown(text: bytes) -> str:
    """Return a field as an error shows it: quoted and not too long."""
    return repr(text.decode("utf-8", "replace")[:40])
