"""A split named in one word, or read from a file that somebody wrote."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.sites import splits
from mtloc_jax.sites.splits import Split

FORMS = "ratio, fold:I/K, leave-out:ROUND, days:VALIDATION_FROM,TEST_FROM, FILE.json or FILE.csv"
_SPLIT_OF = {"train": 0, "val": 1, "validation": 1, "test": 2}


def choose(text: str, walks: Sequence[Round], absent: Iterable[int] = ()) -> Split:
    """Return the split that `text` names for these walks.

    absent: rounds that exist but could not be read: the others keep their places

    ratio              8 : 5 : 1 by round, as the paper
    fold:2/5           the second of five folds
    leave-out:7        test on round 7, validate on the one after it
    days:2019-11-24,2019-11-26  train before, validate from, test from these days
    FILE.json          {"train": [1, 2], "validation": [3], "test": [4]}
    FILE.csv           a table with columns round and split (train, val or test), as rounds.csv

    Raises InputError where the text is none of these or does not fit the walks.
    """
    return splits.without(_named(text, walks, {walk.number for walk in walks} | {*absent}), absent)


def read_split(path: Path) -> Split:
    """Read a JSON file of three lists of rounds; raises InputError where it is anything else."""
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
        split = Split(**{name: tuple(rounds) for name, rounds in named.items()})
        if all(type(n) is int for rounds in split for n in rounds):
            return split
    except OSError:
        raise InputError("cannot read this split", remedy="check its path", path=path) from None
    except (ValueError, TypeError, AttributeError):
        pass
    raise InputError(
        "is no split",
        remedy='write {"train": [1, 2], "validation": [3], "test": [4]}',
        path=path,
    )


def read_groups(path: Path) -> Split:
    """Read which split each round belongs to from the columns round and split of a table.

    Raises InputError with the line where a round is in two splits or a cell is unreadable.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError("cannot read this table", remedy="check its path", path=path) from None
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"round", "split"} <= set(rows.fieldnames or ()):
        raise InputError(
            "the header lacks round or split", remedy="add these columns", path=path, line=1
        )
    of_round: dict[int, int | None] = {}
    for row in rows:
        number, split = row["round"] or "", _SPLIT_OF.get(row["split"])
        known = number.isdecimal() and split is not None
        if not known or of_round.setdefault(int(number), split) != split:
            raise InputError(
                f"round {number!r} is in two splits, or its split is not train, val or test",
                remedy="give every trace of a round the same split",
                path=path,
                line=rows.line_num,
            )
    return Split(*(tuple(sorted(n for n, s in of_round.items() if s == at)) for at in range(3)))


def _named(text: str, walks: Sequence[Round], numbers: set[int]) -> Split:
    kind, _, rest = text.partition(":")
    if text.endswith(".json"):
        return read_split(Path(text))
    if text.endswith(".csv"):
        return read_groups(Path(text))
    try:
        if text == "ratio":
            return splits.by_ratio(numbers)
        if kind == "fold":
            at, k = map(int, rest.split("/"))
            return dict(enumerate(splits.folds(numbers, k), start=1))[at]
        if kind == "leave-out":
            left_out = dict(zip(sorted(numbers), splits.leave_one_out(numbers), strict=True))
            return left_out[int(rest)]
        if kind == "days":
            limits = [date.fromisoformat(day).isoformat() for day in rest.split(",")]
            validation_from, test_from = limits
            return splits.by_day(
                [w.number for w in walks], _days(walks), validation_from, test_from
            )
    except (KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
    raise InputError(f"there is no split {text!r} here", remedy=f"write one of {FORMS}")


def _days(walks: Sequence[Round]) -> list[str]:
    days = []
    for walk in walks:
        if walk.day is None:
            raise InputError(
                f"{walk.name} does not say on which day it was recorded",
                remedy="split by round instead",
                path=walk.source,
            )
        days.append(walk.day)
    return days
