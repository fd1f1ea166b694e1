"""Logs by themselves, in no survey: how one of each format is found and read."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.logs import getsensordata, location20, mmloc_csv, mmloc_xml, plain_csv
from mtloc_jax.logs.jobs import check_name
from mtloc_jax.logs.round import Round
from mtloc_jax.registry import Registry
from mtloc_jax.sites.formats import FORMATS

Origin = tuple[float, float] | None
"""Latitude and longitude of a survey's (0, 0), where its format has degrees."""


class Lone(NamedTuple):
    """Say how a log of one format is found and read.

    name:  path -> what a log there is called, or would be; None where none can be
    files: path -> the files that it grows in
    read:  (path, name, the survey's origin, whether it is still written) -> the log, its ages and
           frozen spans told without what comes later, so that it reads the same as it grows
    """

    name: Callable[[Path], str | None]
    files: Callable[[Path], tuple[Path, ...]]
    read: Callable[[Path, str, Origin, bool], Round]


def _stem(pattern: str, path: Path) -> str | None:
    found = re.fullmatch(pattern, path.name)
    return found[1] if found and not path.is_dir() else None


def _itself(path: Path) -> tuple[Path, ...]:
    return (path,)


def _csv_name(path: Path) -> str | None:
    return path.name if (path / "imu.csv").is_file() else None


def _csv_files(path: Path) -> tuple[Path, ...]:
    return tuple(path / file for file in plain_csv.HEADERS if file != plain_csv.WAYPOINTS)


def _read_csv(path: Path, name: str, origin: Origin, growing: bool) -> Round:
    return plain_csv.read_round(path, name, 1, growing=growing)


def _read_getsensordata(path: Path, name: str, origin: Origin, growing: bool) -> Round:
    return getsensordata.read_log(path, name, 1, origin, causal=True, growing=growing)


def _read_location20(path: Path, name: str, origin: Origin, growing: bool) -> Round:
    return location20.read_trace(path, name, 1, growing=growing)


def _read_xml(path: Path, name: str, origin: Origin, growing: bool) -> Round:
    corners = path.with_name(f"{name}.csv")
    truth = corners if corners.is_file() and not growing else None
    return mmloc_xml.read_log(path, truth, name, 1, causal=True, growing=growing)


def _mmloc(layout: mmloc_csv.Layout) -> Lone:
    def read(path: Path, name: str, origin: Origin, growing: bool) -> Round:
        number = int(_stem(layout.file_name, path) or 1)
        return mmloc_csv.read_round(path, layout, number, causal=True, growing=growing)

    return Lone(partial(_stem, layout.file_name), _itself, read)


_TEXT, _XML = r"(.+)\.txt(?:\.gz)?", r"(.+)\.xml(?:\.gz)?"
_GETSENSORDATA = Lone(partial(_stem, _TEXT), _itself, _read_getsensordata)
_MMLOC_XML = Lone(partial(_stem, _XML), _itself, _read_xml)

LONE: Registry[Lone] = Registry("format of single logs")
"""By the names of formats.FORMATS; published windows are no logs."""
LONE |= {
    "csv": Lone(_csv_name, _csv_files, _read_csv),
    "getsensordata": _GETSENSORDATA,
    "ipin2023": _GETSENSORDATA,
    "location20": Lone(partial(_stem, _TEXT), _itself, _read_location20),
    "mmloc-edinburgh": _mmloc(mmloc_csv.EDINBURGH),
    "mmloc-bucharest": _mmloc(mmloc_csv.BUCHAREST),
    "mmloc-bucharest-dup": _mmloc(mmloc_csv.BUCHAREST_DUP),
    "mmloc-edinburgh-raw": _MMLOC_XML,
    "mmloc-xml": _MMLOC_XML,
}

WINDOWS = tuple(form for form in FORMATS if form not in LONE)
"""The formats of published windows."""


def named(form: str) -> Lone:
    """Return how logs of a format are found and read.

    Raises InputError where there is none such, or it is no format of logs.
    """
    if form in WINDOWS:
        raise InputError(
            f"{form} is of windows, scaled by the extremes of their whole round: no phone, which "
            "does not know these beforehand, is located by them",
            remedy=f"give logs in one of {', '.join(LONE)}",
        )
    return LONE.named(form)


def found(form: str, path: Path) -> dict[str, Path]:
    """Return the logs at a place by name: the one that it is, or those that a folder holds.

    Raises InputError where there is none, the format is unknown, two have one name, or one's is not
    UTF-8.
    """
    lone = named(form)
    inners = sorted(path.iterdir()) if path.is_dir() and lone.name(path) is None else [path]
    logs: dict[str, Path] = {}
    for inner in inners:
        if (name := lone.name(inner)) is None:
            continue
        check_name(name, inner)
        if name in logs:
            raise InputError(f"two logs are called {name}", remedy="move one away", path=inner)
        logs[name] = inner
    if not logs:
        problem = f"no log in the format {form}" if path.exists() else "no such file or folder"
        raise InputError(problem, remedy="check the path and --format", path=path)
    return logs
