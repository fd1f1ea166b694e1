"""A study's folder: config.json, and one sub-folder a chunk that is there whole or not at all."""

import hashlib
import json
import logging
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import jax

from mtloc_jax import files, rows
from mtloc_jax.errors import InputError
from mtloc_jax.rows import CONFIG
from mtloc_jax.settings import DECLARED, Settings, plain
from mtloc_jax.study.plan import Key, Plan
from mtloc_jax.study.variants import Variant, variant_folder

CHUNK = "chunk.json"
_ALWAYS = (rows.ROWS, rows.CDF, rows.TRACKS, rows.LEAVES)
_ANOTHER = "give another --workdir"
_DATA = {
    "source": "the recordings of the source are",
    "target": "the recordings of the target are",
    "start": "the checkpoint that networks start from is",
}


@dataclass(frozen=True)
class Identity:
    """Hold what everything that a study keeps must agree on, so that nothing is mixed.

    settings: digest of all that rows follow from; data: digest of each building's recordings, and
              of the checkpoint that networks start from, if one is given
    makers:   each revision of the code with its package versions that this study was made by, the
              present one last
    """

    settings: str
    data: Mapping[str, str]
    makers: tuple[Mapping[str, Any], ...]

    def plain(self) -> dict[str, Any]:
        """Return it as a card keeps it, of what is made now."""
        return {"settings": self.settings, "data": dict(self.data), "maker": self.makers[-1]}

    def check(self, found: Mapping[str, Any], folder: Path) -> None:
        """Raise InputError where what lies in `folder` was made by another study, or another code.

        found: what `plain` returned when it was made
        """
        if found.get("settings") != self.settings:
            raise InputError("this is of a study with other settings", remedy=_ANOTHER, path=folder)
        _check_data(self.data, found.get("data", {}), folder)
        if found.get("maker") not in [dict(maker) for maker in self.makers]:
            raise InputError(
                f"this was made by {_named(found.get('maker', {}))}, of which the study is silent",
                remedy=_ANOTHER,
                path=folder,
            )


def claim(
    workdir: Path,
    settings: Settings,
    *,
    site_pair: str,
    simulated: bool,
    data: Mapping[str, str],
    accept_changes: bool = False,
) -> Identity:
    """Make `workdir` this study's, or find that it is already; return what its parts must match.

    accept_changes: go on with another revision or other package versions, and record them
    Raises InputError where it holds another study's rows, other data were read, code or packages
    have changed, or it cannot be written.
    """
    now = {"git_revision": files.revision(workdir), "versions": files.versions()}
    names = {path.name for path in workdir.iterdir()} if workdir.is_dir() else set()
    if CONFIG not in names:
        if any(not name.startswith(".") for name in names):
            raise InputError(
                "this folder holds other files", remedy="give an empty --workdir", path=workdir
            )
        begun = {
            "study": settings.study,
            "site_pair": site_pair,
            "simulated": simulated,
            "config": _asked(settings),
            "data": dict(data),
            "device": _device(),
            **now,
            "changes": [],
        }
        _write_json(workdir / CONFIG, begun)
        return Identity(_digest(settings), data, (now,))
    record = _read(workdir / CONFIG)
    _check_same(workdir / CONFIG, record["config"], settings)
    _check_data(data, record.get("data", {}), workdir / CONFIG)
    makers = [{name: record[name] for name in now}, *record.get("changes", [])]
    if now not in makers:
        if not accept_changes:
            raise InputError(
                f"this study was made by {_named(makers[-1], now)}, "
                f"now it is {_named(now, makers[-1])}",
                remedy=f"add --accept_changes to go on and have both recorded, or {_ANOTHER[5:]}",
                path=workdir / CONFIG,
            )
        makers.append(now)
        _write_json(workdir / CONFIG, record | {"changes": makers[1:]})
    makers.append(makers.pop(makers.index(now)))
    return Identity(_digest(settings), data, tuple(makers))


def sweep_up(workdir: Path) -> None:
    """Remove what a killed process left half written; no other process may be at work here."""
    for place in (workdir, workdir / "chunks"):
        for left in place.glob(".*.partial*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def set_aside(folder: Path, why: str) -> None:
    """Rename a damaged folder, so that it is kept but read no more, and say so."""
    taken = [path.name for path in folder.parent.glob(f"{folder.name}.damaged-*")]
    aside = folder.with_name(f"{folder.name}.damaged-{len(taken) + 1}")
    folder.rename(aside)
    logging.getLogger(__name__).warning("%s; set aside as %s, made again", why, aside.name)


def chunk_folder(workdir: Path, number: int) -> Path:
    """Return where chunk `number` lies once it is finished."""
    return workdir / "chunks" / f"{number:04d}"


def seal(folder: Path, identity: Identity, runs: Sequence[Mapping[str, Any]]) -> None:
    """Write what a chunk is beside its rows: its runs, what it must match, its files' digests."""
    digests = {name: files.sha256(folder / name) for name in rows.OF_RUNS}
    sealed = identity.plain() | {"runs": [dict(run) for run in runs], "sha256": digests}
    _write_json(folder / CHUNK, sealed)


def sealed(folder: Path) -> dict[str, Any]:
    """Return what `seal` wrote; raises InputError where a file is absent or not what it was."""
    found = _read(folder / CHUNK)
    for name in rows.OF_RUNS:
        path = folder / name
        if not path.is_file() or files.sha256(path) != found.get("sha256", {}).get(name):
            raise InputError(
                "is not what was saved", remedy="run launch.study again to redo it", path=path
            )
    return found


def merge(workdir: Path, folders: list[Path], plan: Plan, pairs: Mapping[Variant, str]) -> None:
    """Merge the chunks run by run in the order of the grid, whatever chunk trained them.

    pairs: the pair of buildings that each variant is of

    Where a study has variants, each also gets a workdir of its own, as if it were a study.
    Raises InputError where a chunk holds a run that the plan has not.
    """
    named = [variant for variant in plan.variants if variant.settings]
    record, order = _read(workdir / CONFIG), plan.order()
    for name in rows.OF_RUNS:
        found: dict[Key, list[str]] = {key: [] for key in order}
        for folder, line in _lines(folders, name):
            study, _, arm, rate, seed, *_ = rows.cells(line)
            if (study, arm, rate, seed) not in found:
                raise InputError(
                    f"{study}, {arm} {rate}, seed {seed} is no run of this study",
                    remedy="move this chunk away and run launch.study again",
                    path=folder / name,
                )
            found[study, arm, rate, seed].append(line)
        _write_rows(workdir / name, chain.from_iterable(found.values()))
        for variant in named:
            study = variant.study(plan.settings.study)
            lines = chain.from_iterable(run for key, run in found.items() if key[0] == study)
            _write_rows(variant_folder(workdir, variant) / name, lines)
    for variant in named:
        made = variant.applied(plan.settings)
        changed = record | {"study": made.study, "config": _asked(made)}
        changed["site_pair"] = pairs[variant]
        _write_json(variant_folder(workdir, variant) / CONFIG, changed)


def _write_rows(path: Path, lines: Iterator[str]) -> None:
    """Write a merged file; one that no run of this study has rows for is not there."""
    text = "".join(lines)
    if text or path.name in _ALWAYS:
        files.write_whole(path, ",".join(rows.COLUMNS[path.name]) + "\n" + text)


def _lines(folders: list[Path], name: str) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        text = (folder / name).read_text(encoding="utf-8")
        yield from ((folder, line + "\n") for line in text.split("\n")[1:-1])


def _asked(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON has them; a sweep of nothing is no sweep."""
    asked = json.loads(json.dumps(plain(settings)))
    return {name: value for name, value in asked.items() if name != "sweep" or value}


def _identifying(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a config that rows follow from, with defaults for what it leaves out."""
    whole = json.loads(json.dumps(plain(Settings()))) | dict(config)
    places = {one.name for one in DECLARED.values() if one.kind == "place"}
    return {name: value for name, value in whole.items() if name not in places}


def _digest(settings: Settings) -> str:
    text = json.dumps(_identifying(_asked(settings)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_same(path: Path, held: Mapping[str, Any], settings: Settings) -> None:
    theirs, ours = _identifying(held), _identifying(_asked(settings))
    odd = sorted(k for k in theirs.keys() | ours.keys() if theirs.get(k) != ours.get(k))
    if odd:
        raise InputError(
            f"this folder holds another study's rows ({', '.join(odd)} differ)",
            remedy="give another --workdir, or the config this study was started with",
            path=path,
        )


def _check_data(ours: Mapping[str, str], theirs: Mapping[str, str], path: Path) -> None:
    odd = sorted(k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k))
    if odd:
        raise InputError(
            f"{_DATA.get(re.split('[_ ]', odd[0])[0], odd[0])} not what this study was begun with",
            remedy=f"restore what was, or {_ANOTHER}",
            path=path,
        )


def _named(maker: Mapping[str, Any], other: Mapping[str, Any] | None = None) -> str:
    """Name a revision and versions; only the versions that differ from another's, if given."""
    of_other = (other or {}).get("versions", {})
    versions = [
        f"{name} {version}"
        for name, version in maker.get("versions", {}).items()
        if other is None or of_other.get(name) != version
    ]
    return ", ".join([f"revision {maker.get('git_revision')}", *versions])


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or (path.name == CONFIG and "config" not in found):
            raise ValueError
    except (OSError, ValueError) as error:
        raise InputError(
            "is absent or damaged", remedy="restore it, or give an empty --workdir", path=path
        ) from error
    return found


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    files.write_whole(path, json.dumps(content, indent=1) + "\n")


def _device() -> str:
    devices = jax.devices()
    kind = devices[0].device_kind
    if kind == "cpu":
        kind = f"{platform.machine()} core of {os.cpu_count()}"
    return f"{len(devices)} x {kind}"
