"""The formats a folder of recordings may be in, by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.logs import (
    getsensordata,
    location20,
    mmloc_csv,
    mmloc_windows,
    mmloc_xml,
    plain_csv,
)
from mtloc_jax.logs.jobs import Job, check_name

FORMATS: dict[str, Callable[[Path], list[Job]]] = {
    "csv": plain_csv.jobs,
    "getsensordata": getsensordata.jobs,
    "ipin2023": partial(getsensordata.jobs, dealt_to=14),  # its logs are in no rounds
    "location20": location20.jobs,
    "mmloc-edinburgh": partial(mmloc_csv.jobs, mmloc_csv.EDINBURGH),
    "mmloc-bucharest": partial(mmloc_csv.jobs, mmloc_csv.BUCHAREST),
    "mmloc-bucharest-dup": partial(mmloc_csv.jobs, mmloc_csv.BUCHAREST_DUP),
    "mmloc-edinburgh-raw": mmloc_xml.edinburgh_jobs,
    "mmloc-xml": mmloc_xml.jobs,
    "scenario-a": partial(mmloc_windows.jobs, mmloc_windows.read_scenario_a),
    "scenario-b": partial(mmloc_windows.jobs, mmloc_windows.read_scenario_b),
}


DEGREES = ("getsensordata", "ipin2023")
"""The formats whose positions are degrees."""


def origin_deg(form: str, folder: Path) -> tuple[float, float] | None:
    """Return latitude and longitude of a folder's (0, 0); None where its positions are metres.

    Raises InputError where no log of the folder gives a position.
    """
    return getsensordata.folder_origin(folder)[1] if form in DEGREES else None


def jobs(form: str, folder: Path) -> list[Job]:
    """Return the jobs of a folder in the format `form`, one of FORMATS, in reading order.

    Raises InputError where the folder is not laid out as the format is, or a name is not UTF-8.
    """
    if form not in FORMATS:
        raise InputError(
            f"there is no format {form!r}", remedy=f"choose one of {', '.join(FORMATS)}"
        )
    found = FORMATS[form](folder)
    for path in (path for job in found for path in job.inputs):
        check_name(str(path.relative_to(folder)), path)
    return found
