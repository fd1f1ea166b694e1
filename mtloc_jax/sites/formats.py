"""The formats a folder of recordings may be in, and the jobs that reading one falls into."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.logs import (
    getsensordata,
    location20,
    mmloc_csv,
    mmloc_windows,
    mmloc_xml,
    plain_csv,
)
from mtloc_jax.logs.blocks import existing_folder
from mtloc_jax.logs.mmloc_csv import Layout
from mtloc_jax.logs.round import Round
from mtloc_jax.logs.rounds_table import NAME as ROUNDS
from mtloc_jax.logs.rounds_table import numbered


class Job(NamedTuple):
    """Hold what can be read on its own, by any process.

    inputs: every file that shapes the result
    number: the round it belongs to; None where it makes several
    """

    name: str
    number: int | None
    inputs: tuple[Path, ...]
    read: Callable[[], Round | list[Round]]


def jobs(form: str, folder: Path) -> list[Job]:
    """Return the jobs of a folder in the format `form`, one of FORMATS, in reading order.

    Raises InputError where the folder is not laid out as the format is.
    """
    if form not in FORMATS:
        raise InputError(
            f"there is no format {form!r}", remedy=f"choose one of {', '.join(FORMATS)}"
        )
    return FORMATS[form](existing_folder(folder))


def _location20(folder: Path) -> list[Job]:
    traces = existing_folder(folder / "path_data_files")
    if not (folder / ROUNDS).is_file():
        raise InputError(
            "no such file",
            remedy="write one with a header 'trace_id,round' and a line for every trace",
            path=folder / ROUNDS,
        )
    rounds = numbered(folder, (path.stem for path in traces.glob("*.txt")))
    paths = {name: traces / f"{name}.txt" for name in rounds}
    return [
        _job(folder, name, n, (paths[name],), partial(location20.read_trace, paths[name], name, n))
        for name, n in rounds.items()
    ]


def _mmloc_csv(layout: Layout, folder: Path) -> list[Job]:
    paths = {
        int(found[1]): path
        for path in sorted(folder.iterdir())
        if (found := re.fullmatch(layout.file_name, path.name))
    }
    _not_empty(list(paths), f"file named like {layout.file_name}", folder)
    return [
        Job(
            f"{layout.site}-{n:02d}",
            n,
            (paths[n],),
            partial(mmloc_csv.read_round, paths[n], layout, n),
        )
        for n in sorted(paths)
    ]


def _scenario(name: str, read: Callable[[Path], list[Round]], folder: Path) -> list[Job]:
    inputs = tuple(sorted(folder.glob("*.npy")))
    _not_empty(inputs, ".npy file", folder)
    return [Job(name, None, inputs, partial(read, folder))]


def _mmloc_xml(folder: Path) -> list[Job]:
    rounds = numbered(folder, _stems(folder, "*.xml"))
    made = []
    for name, n in rounds.items():
        log, corners = folder / f"{name}.xml", folder / f"{name}.csv"
        read = partial(mmloc_xml.read_log, log, corners, name, n)
        made.append(_job(folder, name, n, (log, corners), read))
    return made


def _getsensordata(folder: Path) -> list[Job]:
    rounds = numbered(folder, _stems(folder, "*.txt"))
    paths = {name: folder / f"{name}.txt" for name in rounds}
    origin, origin_deg = _origin(list(paths.values()))
    made = []
    for name, n in rounds.items():
        read = partial(getsensordata.read_log, paths[name], name, n, origin_deg)
        made.append(_job(folder, name, n, (paths[name], origin), read))
    return made


def _plain_csv(folder: Path) -> list[Job]:
    names = [path.parent.name for path in folder.glob("*/imu.csv")]
    _not_empty(names, "*/imu.csv", folder)
    made = []
    for name, n in numbered(folder, names).items():
        inputs = tuple(folder / name / file for file in plain_csv.HEADERS)
        read = partial(plain_csv.read_round, folder / name, name, n)
        made.append(_job(folder, name, n, inputs, read))
    return made


FORMATS: dict[str, Callable[[Path], list[Job]]] = {
    "csv": _plain_csv,
    "getsensordata": _getsensordata,
    "location20": _location20,
    "mmloc-edinburgh": partial(_mmloc_csv, mmloc_csv.EDINBURGH),
    "mmloc-bucharest": partial(_mmloc_csv, mmloc_csv.BUCHAREST),
    "mmloc-bucharest-dup": partial(_mmloc_csv, mmloc_csv.BUCHAREST_DUP),
    "mmloc-xml": _mmloc_xml,
    "scenario-a": partial(_scenario, "scenario_a", mmloc_windows.read_scenario_a),
    "scenario-b": partial(_scenario, "scenario_b", mmloc_windows.read_scenario_b),
}


def _job(
    folder: Path,
    name: str,
    number: int,
    inputs: tuple[Path, ...],
    read: Callable[[], Round],
) -> Job:
    """Return a job that depends on `rounds.csv` too, where the folder has one."""
    table = folder / ROUNDS
    return Job(name, number, (*inputs, table) if table.is_file() else inputs, read)


def _stems(folder: Path, pattern: str) -> list[str]:
    stems = [path.stem for path in folder.glob(pattern)]
    _not_empty(stems, f"{pattern} file", folder)
    return stems


def _origin(paths: list[Path]) -> tuple[Path, tuple[float, float]]:
    """Return the first log that gives a position, and the position: the origin of all."""
    for path in paths[:-1]:
        try:
            return path, getsensordata.first_position_deg(path)
        except InputError:
            continue  # the job that reads this log reports it
    return paths[-1], getsensordata.first_position_deg(paths[-1])


def _not_empty(found: list | tuple, what: str, folder: Path) -> None:
    if not found:
        raise InputError(f"no {what}", remedy="check the folder and the format", path=folder)
