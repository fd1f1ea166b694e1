"""Which round a trace belongs to: `rounds.csv`, or one round each in the order of their names.

The table has a line a trace and the columns trace_id and round, maybe session and route; others are
not read.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.logs.lines import Lines, read_lines

NAME = "rounds.csv"
_NUMBERS = ("round", "session", "route")


class Place(NamedTuple):
    """Hold where a trace belongs: its round, and its session and route where the table says."""

    number: int
    session: int | None = None
    route: int | None = None


def inputs(folder: Path) -> tuple[Path, ...]:
    """Return the table of a folder as what its traces depend on: none where it has none."""
    return (folder / NAME,) if (folder / NAME).is_file() else ()


def numbered(
    folder: Path, names: Iterable[str], *, dealt_to: int | None = None
) -> dict[str, Place]:
    """Return trace -> place, in reading order, for the traces `names` of a folder.

    Follows `rounds.csv` where the folder has one; else every trace is a round of its own, sorted
    by name with numbers counted as numbers ("walk9" before "walk10").
    dealt_to: so many rounds, which the table's traces are dealt to instead of reading its `round`
    Raises InputError where the table and the traces do not correspond.
    """
    found = set(names)
    if not (folder / NAME).is_file():
        ordered = sorted(found, key=_natural)
        return {name: Place(number) for number, name in enumerate(ordered, start=1)}
    places = read_places(folder / NAME, dealt_to=dealt_to)
    if extra := sorted(found - places.keys()):
        raise InputError(
            f"trace {extra[0]!r} is not listed", remedy="add it or remove it", path=folder / NAME
        )
    if missing := sorted(places.keys() - found):
        raise InputError(
            f"trace {missing[0]!r} is listed but not there",
            remedy="delete its line or copy the trace again",
            path=folder / NAME,
        )
    return places


def read_places(path: Path, *, dealt_to: int | None = None) -> dict[str, Place]:
    """Read trace -> place in the order of the file; `dealt_to` as `numbered` takes it.

    Raises InputError with the line on a trace listed twice, or a round, session or route that is
    not 1, 2, ...
    """
    header: list[str] = []
    places: dict[str, Place] = {}
    for lines in read_lines(path, ",", last_line_may_lack_end=True):
        if not header:
            header = lines.text[0].split(",")
            _check_header(header, {"trace_id"} if dealt_to else {"trace_id", "round"}, path)
        lines = lines.body(lines.text[0])
        lines.check_width(len(header))
        for at, text in enumerate(lines.text):
            row = dict(zip(header, text.split(","), strict=True))
            if dealt_to:
                row["round"] = str(len(places) % dealt_to + 1)
            if row["trace_id"] in places:
                raise lines.fault(f"trace {row['trace_id']!r} is listed twice", at)
            places[row["trace_id"]] = _place(row, lines, at)
    return places


def _place(row: dict[str, str], lines: Lines, at: int) -> Place:
    for name in _NUMBERS:
        if name in row and not re.fullmatch(r"[1-9][0-9]{0,5}", row[name]):
            raise lines.fault(f"the {name} {row[name]!r} is not 1, 2, ...", at)
    return Place(*(int(row[name]) if name in row else None for name in _NUMBERS))  # type: ignore[arg-type]


def _check_header(header: list[str], needed: set[str], path: Path) -> None:
    if missing := sorted(needed - set(header)):
        raise InputError(
            f"the header lacks {' and '.join(missing)}",
            remedy="begin the file with a line 'trace_id,round' and list every trace",
            path=path,
            line=1,
        )


def _natural(name: str) -> list[tuple[int, str]]:
    """Split a name so that its runs of digits compare as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]
