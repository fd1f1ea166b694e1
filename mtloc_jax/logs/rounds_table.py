"""Which round a trace belongs to: `rounds.csv`, or one round each in the order of their names."""

import re
from collections.abc import Iterable
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.logs import fields
from mtloc_jax.logs.blocks import blocks

NAME = "rounds.csv"


def numbered(folder: Path, names: Iterable[str]) -> dict[str, int]:
    """Return trace -> round number, in reading order, for the traces `names` of a folder.

    Follows `rounds.csv` where the folder has one; else every trace is a round of its own, sorted
    by name with numbers counted as numbers ("walk9" before "walk10").
    Raises InputError where the table and the traces do not correspond.
    """
    found = set(names)
    if not (folder / NAME).is_file():
        ordered = sorted(found, key=_natural)
        return {name: number for number, name in enumerate(ordered, start=1)}
    rounds = read_rounds(folder / NAME)
    if extra := sorted(found - rounds.keys()):
        raise InputError(
            f"trace {extra[0]!r} is not listed", remedy="add it or remove it", path=folder / NAME
        )
    if missing := sorted(rounds.keys() - found):
        raise InputError(
            f"trace {missing[0]!r} is listed but not there",
            remedy="delete its line or copy the trace again",
            path=folder / NAME,
        )
    return rounds


def read_rounds(path: Path) -> dict[str, int]:
    """Read trace -> round number, in the order of the file, from columns trace_id and round.

    Raises InputError with the line on a trace listed twice or a round that is not 1, 2, ...
    """
    rows = [
        (number, line.split(","))
        for block in blocks(path, last_line_may_lack_end=True)
        for number, line in enumerate(block.data.decode().split("\n"), start=block.first)
        if line
    ]
    header = rows[0][1] if rows else []
    if not {"trace_id", "round"} <= set(header):
        raise InputError(
            "the header lacks trace_id or round",
            remedy="begin the file with a line 'trace_id,round' and list every trace",
            path=path,
            line=1,
        )
    name_at, round_at = header.index("trace_id"), header.index("round")
    rounds: dict[str, int] = {}
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise fields.fault(f"{len(row)} fields instead of {len(header)}", path, line)
        name, number = row[name_at], row[round_at]
        if name in rounds or not re.fullmatch(r"[1-9][0-9]{0,5}", number):
            raise InputError(
                f"trace {name!r} is listed twice or its round {number!r} is not 1, 2, ...",
                remedy="correct this line",
                path=path,
                line=line,
            )
        rounds[name] = int(number)
    return rounds


def _natural(name: str) -> list[tuple[int, str]]:
    """Split a name so that its runs of digits compare as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]
