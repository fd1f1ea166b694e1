"""How networks trained that runs of a study start from: rows below those of the runs."""

from collections.abc import Iterable, Iterator
from typing import Any

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
