"""A study's folder: config.json, and one sub-folder a chunk that is there whole or not at all."""

import hashlib
import json
import logging
import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from mtloc_jax import files, rows
from mtloc_jax.errors import InputError
from mtloc_jax.rows import CONFIG, QUESTION
from mtloc_jax.settings import DECLARED, Settings, plain
from mtloc_jax.times import Times

CHUNKS, CHUNK = "chunks", "chunk.json"
UNITS = "units"
"""Where networks to start from lie by some seeds, until there are those of all seeds."""
TIMES_OF_CHUNK = "times"
"""Where a chunk's card says when it was done; chunks of earlier versions do not."""
_SEAL = "seal"
"""Where a chunk's card keeps the digest of all else that it says."""
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
    question: str = "",
    accept_changes: bool = False,
) -> Identity:
    """Make `workdir` this study's, or find that it is already; return what its parts must match.

    One process at a time: see `claims.alone`. A config.json that is lost or damaged is written
    anew where finished chunks prove that they are this study's.
    question: what it asks, in words; no row follows from it
    accept_changes: go on with another revision or other package versions, and record them
    Raises InputError where it holds another study's rows, other data were read, code or packages
    have changed, or it cannot be written.
    """
    now = {"git_revision": files.revision(workdir), "versions": files.versions()}
    _check_sums(workdir)
    if (workdir / CONFIG).is_file() and (why := _damage(workdir / CONFIG)):
        if not _chunks_of(workdir, settings, data):
            raise InputError(why, remedy="restore it, or give an empty --workdir", path=workdir)
        set_aside(workdir / CONFIG, f"{workdir / CONFIG} {why}")
    if not (workdir / CONFIG).exists():
        kept = _makers(_chunks_of(workdir, settings, data))
        begun = {
            "study": settings.study,
            "site_pair": site_pair,
            "simulated": simulated,
            "config": asked(settings),
            "data": dict(data),
            "device": _device(),
            **(kept[0] if kept else now),
            "changes": kept[1:],
            **({QUESTION: question} if question else {}),
        }
        _write_config(workdir, begun)
    record = read(workdir / CONFIG)
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
        _write_config(workdir, record | {"changes": makers[1:]})
    makers.append(makers.pop(makers.index(now)))
    return Identity(_digest(record["config"]), data, tuple(makers))


def check_empty(workdir: Path, settings: Settings, data: Mapping[str, str]) -> None:
    """Raise InputError where a folder that has no config.json holds what is not this study's."""
    if not workdir.is_dir() or (workdir / CONFIG).exists():
        return
    others = {path.name for path in workdir.iterdir() if not path.name.startswith(".")}
    if others - {CHUNKS} and not _chunks_of(workdir, settings, data):
        raise InputError(
            "this folder holds other files", remedy="give an empty --workdir", path=workdir
        )


def sweep_up(workdir: Path) -> None:
    """Remove what a killed process left half written; the whole folder must be claimed."""
    for place in (workdir, workdir / CHUNKS, *workdir.glob(f"{UNITS}/*")):
        for left in place.glob(".*.partial*"):
            if not files.is_being_written(left):
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def set_aside(folder: Path, why: str) -> None:
    """Rename a damaged folder, so that it is kept but read no more, and say so."""
    taken = [path.name for path in folder.parent.glob(f"{folder.name}.damaged-*")]
    aside = folder.with_name(f"{folder.name}.damaged-{len(taken) + 1}")
    folder.rename(aside)
    logging.getLogger(__name__).warning("%s; set aside as %s, made again", why, aside.name)


def chunk_folder(workdir: Path, number: int) -> Path:
    """Return where chunk `number` lies once it is finished."""
    return workdir / CHUNKS / f"{number:04d}"


def seal(folder: Path, identity: Identity, runs: Sequence[Mapping[str, Any]], times: Times) -> None:
    """Write what a chunk is beside its rows: its runs, what it must match, their digests, when."""
    digests = {name: files.sha256(folder / name) for name in rows.OF_RUNS}
    said = identity.plain() | {
        "runs": [dict(run) for run in runs],
        "sha256": digests,
        TIMES_OF_CHUNK: times.plain(),
    }
    write_json(folder / CHUNK, said | {_SEAL: _seal_of(said)})


def sealed(folder: Path) -> dict[str, Any]:
    """Return what `seal` wrote; raises InputError where a file is absent or not what it was."""
    found = read(folder / CHUNK)
    if found.pop(_SEAL, _seal_of(found)) != _seal_of(found):
        raise _altered(folder / CHUNK)
    digests = found.get("sha256", {})
    for name in {*rows.OF_RUNS, *digests}:
        path = folder / name
        if name not in digests and not path.exists():
            continue  # made before there were such rows
        if not path.is_file() or files.sha256(path) != digests.get(name):
            raise _altered(path)
    return found


def _seal_of(said: Mapping[str, Any]) -> str:
    """Return the digest of a chunk's card, as JSON keeps it."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _altered(path: Path) -> InputError:
    return InputError(
        "is not what was saved", remedy="run launch.study again to redo it", path=path
    )


def asked(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON has them; a sweep of nothing is no sweep."""
    asked = json.loads(json.dumps(plain(settings)))
    return {name: value for name, value in asked.items() if name != "sweep" or value}


def _identifying(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a config that rows follow from; a sweep of nothing is one."""
    places = {one.name for one in DECLARED.values() if one.kind == "place"}
    whole = {"sweep": []} | dict(config)
    return {name: value for name, value in whole.items() if name not in places}


def _filled(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config with defaults for what it leaves out, within groups of settings too."""

    def filled(given: Any, default: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(default, dict):
            return given
        return default | {name: filled(v, default.get(name)) for name, v in given.items()}

    return filled(dict(config), json.loads(json.dumps(plain(Settings()))))


def _digest(config: Mapping[str, Any]) -> str:
    """Return the digest of what rows follow from, as the code had it that wrote the config.

    Settings that came later are not in it: what is kept of a study stays its own.
    """
    text = json.dumps(_identifying(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_same(path: Path, held: Mapping[str, Any], settings: Settings) -> None:
    theirs, ours = (_identifying(_filled(config)) for config in (held, asked(settings)))
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


def _check_sums(workdir: Path) -> None:
    """Set a damaged list of digests aside: merging writes it anew."""
    try:
        files.recorded_sums(workdir)
    except InputError as error:
        set_aside(workdir / files.SUMS, str(error))


def _damage(path: Path) -> str:
    """Return what is wrong with a config.json; empty where it is as it was written."""
    recorded = files.recorded_sums(path.parent).get(path.name)
    if recorded not in (None, files.sha256(path)):
        return "is not what was written: its sha256 differs"
    try:
        read(path)
    except InputError as error:
        return error.problem
    return ""


def _chunks_of(
    workdir: Path, settings: Settings, data: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """Return what the finished chunks of a folder say, if there are some and all are this study's.

    They prove whose the folder is where its config.json is lost.
    """
    found: list[Mapping[str, Any]] = []
    for path in sorted(workdir.glob(f"{CHUNKS}/[0-9]*/{CHUNK}")):
        if ".damaged-" in path.parent.name:
            continue
        try:
            said = read(path)
        except InputError:
            continue  # it is set aside when its turn comes
        if said.get("settings") != _digest(asked(settings)) or said.get("data") != dict(data):
            return []
        found.append(said)
    return found


def _makers(chunks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return each revision with its package versions that made chunks, once."""
    found: list[Mapping[str, Any]] = []
    for said in chunks:
        if said.get("maker") and said["maker"] not in found:
            found.append(said["maker"])
    return found


def _write_config(workdir: Path, record: Mapping[str, Any]) -> None:
    write_json(workdir / CONFIG, record)
    files.record_sums(workdir, [CONFIG])


def read(path: Path) -> dict[str, Any]:
    """Return what a config.json or a chunk's card holds; raises InputError where damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or (path.name == CONFIG and "config" not in found):
            raise ValueError
    except (OSError, ValueError) as error:
        raise InputError(
            "is absent or damaged", remedy="restore it, or give an empty --workdir", path=path
        ) from error
    return found


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON, whole or not at all."""
    files.write_whole(path, json.dumps(content, indent=1) + "\n")


def _device() -> str:
    devices = jax.devices()
    kind = devices[0].device_kind
    if kind == "cpu":
        kind = f"{platform.machine()} core of {os.cpu_count()}"
    return f"{len(devices)} x {kind}"
