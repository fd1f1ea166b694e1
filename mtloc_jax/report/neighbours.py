"""neighbours.csv: how many neighbours each k-NN was given, chosen on validation."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mtloc_jax.errors import InputError

NEIGHBOURS = "neighbours.csv"


class Chosen(NamedTuple):
    """Hold the k of one fitted baseline."""

    baseline: str
    finetune_rate: float
    seed: int
    k: int


def as_csv(found: Iterable[Chosen]) -> str:
    """Return the text of the file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Chosen._fields)
    writer.writerows(found)
    return text.getvalue()


def write(folder: Path, found: Iterable[Chosen]) -> None:
    """Write FOLDER/neighbours.csv."""
    (folder / NEIGHBOURS).write_text(as_csv(found), encoding="utf-8", newline="\n")


def read(folder: Path) -> list[Chosen]:
    """Read FOLDER/neighbours.csv; raises InputError where it is absent or damaged."""
    path = folder / NEIGHBOURS
    if not path.is_file():
        raise InputError("no such file", remedy="run launch.baselines again", path=path)
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    found = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            baseline, rate, seed, k = line
            found.append(Chosen(baseline, float(rate), int(seed), int(k)))
        except ValueError:
            raise InputError(
                f"this is not {','.join(Chosen._fields)}",
                remedy="delete the file and run launch.baselines again",
                path=path,
                line=number,
            ) from None
    return found


def merge(workdir: Path, folders: Iterable[Path]) -> None:
    """Write the study's file from those of its finished chunks, in order."""
    write(workdir, [one for folder in folders for one in read(folder)])
