"""A study's rows put together: run by run in the order of the grid, whatever chunk has them.

Chunks are read twice: once to find where each run's rows lie, once to copy them. So memory grows
with the runs, not with their rows.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mtloc_jax import escapes, files, rows
from mtloc_jax.errors import InputError
from mtloc_jax.rows import CONFIG
from mtloc_jax.sites.site_folder import PLAN_IMAGE, PLAN_INFO
from mtloc_jax.study import workdir
from mtloc_jax.study.history import Row
from mtloc_jax.study.plan import Key, Plan
from mtloc_jax.study.variants import Variant, variant_folder

_ALWAYS = (rows.ROWS, rows.CDF, rows.TRACKS, rows.LEAVES)
_OF_RUN = re.compile(rb'(?:(?:"(?:[^"]|"")*"|[^,"]*),){5}')  # the columns up to the seed
_MEASURED = 1 + len(rows.METRICS)  # the columns of rows.csv that are no part of its key


class _Part(NamedTuple):
    """Say which bytes of a chunk's file are the rows of one run."""

    path: Path
    begin: int
    end: int


def merge(
    folder: Path,
    chunks: Sequence[Path],
    plan: Plan,
    pairs: Mapping[Variant, str],
    taught: Mapping[Path, Sequence[Row]],
) -> None:
    """Merge sound chunks into a study's folder; whoever merges them writes the same bytes.

    pairs: the pair of buildings that each variant is of; taught: how the networks trained that runs
    start from, by the folder whose history.csv has it below the runs' own

    Where a study has variants, each also gets a workdir of its own, as if it were a study.
    Raises InputError where a chunk holds a run that the plan has not, two hold the same, or none
    holds one that it has.
    """
    named = {variant.study(plan.settings.study): variant for variant in plan.variants}
    named = {study: variant for study, variant in named.items() if variant.settings}
    order = plan.order()
    diverged = _found(chunks, rows.DIVERGED, set(order))
    for name in rows.OF_RUNS:
        found = _found(chunks, name, set(order))
        lacking = [key for key in order if key not in found and key not in diverged]
        if name == rows.ROWS and lacking:
            raise InputError(
                f"{_said(lacking[0])} is in no chunk",
                remedy="move the chunk away that should hold it, and run launch.study again",
                path=folder,
            )
        _write(folder / name, [found[key] for key in order if key in found], taught)
        for study, keys in groupby(order, key=lambda key: key[0]) if named else ():
            within = variant_folder(folder, named[study])
            _write(within / name, [found[key] for key in keys if key in found], taught)
    record = workdir.read(folder / CONFIG)
    for study, variant in named.items():
        made = variant.applied(plan.settings)
        changed = record | {"study": study, "config": workdir.asked(made)}
        changed["site_pair"] = pairs[variant]
        workdir.write_json(variant_folder(folder, variant) / CONFIG, changed)


def record_sums(folders: Sequence[Path]) -> None:
    """Write down what the merged files, cards, plan and config.json of folders hash to."""
    for folder in folders:
        every = [
            CONFIG,
            *rows.COLUMNS,
            PLAN_IMAGE,
            PLAN_INFO,
            *(path.name for path in folder.glob("card_*.json")),
        ]
        files.record_sums(folder, [name for name in every if (folder / name).is_file()])


def _found(chunks: Sequence[Path], name: str, planned: set[Key]) -> dict[Key, _Part]:
    found: dict[Key, _Part] = {}
    for path in (chunk / name for chunk in chunks if (chunk / name).exists()):
        for key, part in _parts(path):
            if key not in planned:
                raise InputError(
                    f"{_said(key)} is no run of this study",
                    remedy="move this chunk away and run launch.study again",
                    path=part.path,
                )
            if key in found:
                raise InputError(
                    f"{_said(key)} is in {found[key].path} too",
                    remedy="move one of the two chunks away and run launch.study again",
                    path=part.path,
                )
            found[key] = part
    return found


def _parts(path: Path) -> Iterator[tuple[Key, _Part]]:
    """Yield where the rows of each run lie; rows of one run follow each other."""
    content = path.read_bytes()
    at = content.find(b"\n") + 1
    while at < len(content):
        lines, of_run = [], _OF_RUN.match(content, at)
        if of_run is None:
            raise InputError(
                "holds a line that is no row",
                remedy="move this chunk away and run launch.study again",
                path=path,
            )
        begin, prefix = at, of_run[0]
        while content.startswith(prefix, at):
            end = content.index(b"\n", at) + 1
            lines.append(content[at:end])
            at = end
        if path.name == rows.ROWS and len({_keyed(line) for line in lines}) < len(lines):
            raise InputError(
                "holds a row twice",
                remedy="move this chunk away and run launch.study again",
                path=path,
            )
        yield _key(prefix), _Part(path, begin, at)


def _keyed(line: bytes) -> bytes:
    return line.rsplit(b",", _MEASURED)[0]


def _key(prefix: bytes) -> Key:
    fields = next(csv.reader([prefix.decode("utf-8")]))
    study, _, arm, rate, seed, *_ = map(escapes.from_csv, fields)
    return study, arm, rate, seed


def _write(path: Path, parts: Sequence[_Part], taught: Mapping[Path, Sequence[Row]]) -> None:
    """Write a merged file; one that this study has no rows for is not there."""
    below = taught.get(path.parent, ()) if path.name == rows.HISTORY else ()
    if not parts and not below and path.name not in _ALWAYS:
        path.unlink(missing_ok=True)
        return
    with files.whole_file(path) as file, ExitStack() as opened:
        file.write(",".join(rows.COLUMNS[path.name]).encode() + b"\n")
        reading: tuple[Path, BinaryIO] | None = None
        for part in parts:
            if reading is None or reading[0] != part.path:
                opened.close()
                reading = part.path, opened.enter_context(part.path.open("rb"))
            reading[1].seek(part.begin)
            file.write(reading[1].read(part.end - part.begin))
        file.write(rows.as_text(path.name, below, header=False).encode())


def _said(key: Key) -> str:
    study, arm, rate, seed = key
    return f"{study}, {arm} {rate}, seed {seed}"
