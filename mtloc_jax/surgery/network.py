"""Read a trained network wherever it lies: a checkpoint, one run of one, or a foreign file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mtloc_jax.errors import InputError
from mtloc_jax.surgery import checkpoint, study_runs
from mtloc_jax.surgery.foreign import read_with_card
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.surgery.tree import tree_digest


@dataclass(frozen=True)
class Network:
    """Hold one network and what is known of it.

    place:  where it was read from, as `read_network` takes it
    card:   empty for a foreign file
    report: of the graft it began as; None where there was none
    """

    place: str
    params: dict[str, Any]
    card: Mapping[str, Any]
    report: GraftReport | None

    def lineage(self) -> dict[str, Any]:
        """Return what a network grafted from this one remembers of it."""
        return {
            "path": self.place,
            "digest": tree_digest(self.params),
            "site": self.card.get("site", {}).get("name"),
            "lineage": self.card.get("lineage", {}),
        }


def read_network(place: str) -> Network:
    """Read one network from `FOLDER`, `FOLDER@RUN` (one run of a stack) or a foreign file.

    `WORKDIR@ARM:RATE:SEED` is one that a study trained, as study_runs.named finds it.

    Raises InputError where it is missing, damaged or of another kind, or a stack is given without
    saying which run.
    """
    name, run = folder_and_run(place)
    path = Path(name)
    if not _is_folder(path):
        params, card = read_with_card(path)
        return Network(place, params, card, None)
    if study_runs.is_study(path):
        if not run:
            raise study_runs.which(path)
        found = read_network(study_runs.named(path, run))
        return replace(found, place=place)
    report = checkpoint.read_report(path)
    if run:
        number = _number(run, place)
        params, card = checkpoint.load_run(path, number)
        return Network(place, params, card, report and report.of_run(number))
    params, card = checkpoint.load(path)
    if "runs" in card:
        raise InputError(
            f"this checkpoint holds {len(card['runs'])} runs",
            remedy=f"say which one, {name}@0 to {name}@{len(card['runs']) - 1}",
            path=path,
        )
    return Network(place, params, card, report)


def folder_and_run(place: str) -> tuple[str, str]:
    """Return the folder or file that a place names, and the run that is meant of it, "" for none.

    Names may hold `@` themselves: what is there as a whole is no run's, and else the last `@` parts
    that has something on its left; the first where none has.
    """
    ends = [len(place), *(at for at in reversed(range(len(place))) if place[at] == "@")]
    # Unlike Path.exists, this raises of no name.
    end = next((at for at in ends if os.path.exists(place[:at])), ends[-1])
    return place[:end], place[end + 1 :]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # a name too long, no right to look
        raise InputError(
            f"cannot be read ({error.strerror})",
            remedy="give a checkpoint folder or a file",
            path=path,
        ) from error


def _number(run: str, place: str) -> int:
    if not run.isdecimal():
        raise InputError(f"{run!r} is not the number of a run", remedy="write FOLDER@0", path=place)
    return int(run)
