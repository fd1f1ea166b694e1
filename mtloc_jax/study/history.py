"""How networks trained that runs of a study start from, after the curves of the runs themselves."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mtloc_jax import rows
from mtloc_jax.rows import HISTORY

Row = dict[str, Any]
PRETRAINED = "pretrained"
"""The arm that history.csv has them under: they are runs of none, nor of a share of rounds."""
_UNMEASURED = dict.fromkeys(("validation_loss", "validation_error_m"), float("nan"))


def rows_of(named: Row, part: str, kept: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of one part of history.csv.

    named: study and pair of buildings; kept: as `curves.kept` has them
    """
    for row in kept:
        yield named | {"arm": PRETRAINED, "finetune_rate": 0.0, "part": part} | _UNMEASURED | row


def write(found: Mapping[Path, list[Row]]) -> None:
    """Add to the history.csv of each folder, merged before; it is begun where no run has one."""
    for folder, of_folder in found.items():
        if of_folder:
            rows.append(folder / HISTORY, of_folder)
