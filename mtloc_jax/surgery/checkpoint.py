"""Checkpoints on disk: parameters, the site card they belong to, and a digest of both."""

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint._src.serialization import type_handlers

from mtloc_jax import settings
from mtloc_jax.errors import InputError, naming
from mtloc_jax.files import sha256, whole_folder, write_whole
from mtloc_jax.surgery.checked_card import checked_card
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.surgery.network_card import settings_of
from mtloc_jax.surgery.tree import Tree, digest, leaves, nest

PARAMS, CARD, DIGEST, GRAFT = "params", "card.json", "digest.json", "graft.json"

Card = dict[str, Any]


def save(
    folder: Path, params: Tree, card: Mapping[str, Any], report: GraftReport | None = None
) -> None:
    """Write a checkpoint folder, whole or not at all; an older one of that name gives way to it.

    params: nested dict of arrays; where the card lists `runs`, each leaf has a leading axis of runs
    card:   what the network needs to be used, see network_card.NetworkCard; of stacked runs it has
            `runs`, one entry each, in place of `run`
    report: the graft the parameters came from, saved as `graft.json`

    Raises InputError where the disk is full or the folder cannot be written.
    """
    flat = {path: np.asarray(leaf) for path, leaf in leaves(jax.device_get(params)).items()}
    _check_runs(flat, card)
    folder = folder.absolute()
    older = folder.with_name(f".{folder.name}.replaced-{os.getpid()}")
    with whole_folder(folder) as mine:
        _save_params(mine / PARAMS, flat, folder)
        _write_words(mine, flat, card, report)
        _give_way(folder, older)
    shutil.rmtree(older, ignore_errors=True)


def load(folder: Path, expect_site: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], Card]:
    """Read a checkpoint: parameters as numpy arrays, and the card.

    expect_site: a card, or part of one, of the site the network is meant for; what it says of
                 `site` and `config` (network_card.cut_of: how it was cut) the card must say too

    Raises InputError where a file is missing, cut or altered, or the site is another one.
    """
    card, recorded = read_card(folder), _json(folder / DIGEST).get("leaves", {})
    if not isinstance(recorded, dict):
        raise _damaged(folder / DIGEST, "its leaves are no object")
    if expect_site is not None:
        check_site(folder, card, expect_site)
    _check_files(folder, under=PARAMS)  # before orbax: it may not notice, or fail in a thread
    flat = leaves(_restore(folder / PARAMS))
    if flat.keys() != recorded.keys():
        odd = ", ".join(sorted(flat.keys() ^ recorded.keys())[:4])
        raise _damaged(folder / PARAMS, f"its leaves are not those of {DIGEST} ({odd})")
    for path, leaf in flat.items():
        if digest(leaf) != recorded[path]:
            raise _damaged(folder / PARAMS, f"{path} is not what was saved: its sha256 differs")
    return nest(flat), card


def verify(folder: Path) -> None:
    """Raise InputError unless a checkpoint's files are as they were saved; nothing is restored."""
    read_card(folder)
    _check_files(folder, under=PARAMS)
    if GRAFT in _recorded(folder):
        _check_files(folder, under=GRAFT)


def load_run(
    folder: Path, index: int, expect_site: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Card]:
    """Read one run of a checkpoint of stacked runs; its card holds `run` in place of `runs`.

    Raises InputError as `load` does, and where there is no such run.
    """
    params, card = load(folder, expect_site)
    runs = card.pop("runs", None)
    if runs is None:
        raise InputError("this checkpoint holds one network", remedy="use load", path=folder)
    if not 0 <= index < len(runs):
        raise InputError(
            f"there is no run {index}", remedy=f"runs go from 0 to {len(runs) - 1}", path=folder
        )
    return jax.tree.map(lambda leaf: leaf[index], params), card | {"run": runs[index]}


def read_card(folder: Path) -> Card:
    """Read the card alone, without the parameters.

    Raises InputError where the folder is no checkpoint or the card was altered.
    """
    if not folder.is_dir():
        raise InputError("no such checkpoint", remedy="give the folder that was saved", path=folder)
    _check_files(folder, under=CARD)
    with naming(folder / CARD):
        return checked_card(_json(folder / CARD))


def read_report(folder: Path) -> GraftReport | None:
    """Read the report of the graft a checkpoint came from; None where there was no graft.

    Raises InputError where it was altered, is none, or is there and no digest of it.
    """
    if GRAFT not in _recorded(folder) and not (folder / GRAFT).exists():
        return None
    _check_files(folder, under=GRAFT)
    with naming(folder / GRAFT):
        return GraftReport.from_json((folder / GRAFT).read_bytes())


def plain(card: Any) -> Any:
    """Return a card as JSON keeps it: arrays become lists, tuples lists, numpy numbers numbers."""
    return json.loads(json.dumps(card, default=lambda value: np.asarray(value).tolist()))


def _check_runs(flat: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> None:
    if "runs" not in card:
        return
    for path, leaf in flat.items():
        if leaf.ndim == 0 or leaf.shape[0] != len(card["runs"]):
            raise InputError(
                f"{path} has shape {list(leaf.shape)} but the card lists {len(card['runs'])} runs",
                remedy="stack one leaf for each run, or leave `runs` out of the card",
            )


def _save_params(place: Path, flat: Mapping[str, np.ndarray], folder: Path) -> None:
    before = sys.unraisablehook
    # Where one write fails, others are still on their way and find nobody to tell.
    sys.unraisablehook = partial(_unless_late, before)
    try:
        with _orbax() as checkpointer:
            checkpointer.save(place, nest(flat))
    except (ValueError, RuntimeError) as error:  # what orbax makes of a failed write
        why = _first_line(error).partition(":")[0].lower().replace("_", " ")
        raise InputError(
            f"cannot write ({why})",
            remedy="free space or choose another folder; what was there before is untouched",
            path=folder,
        ) from error
    sys.unraisablehook = before


def _unless_late(told: Callable[[Any], object], unraisable: Any) -> None:
    late = isinstance(unraisable.exc_value, RuntimeError)
    if not (late and str(unraisable.exc_value) == "Event loop is closed"):
        told(unraisable)


def _write_words(
    folder: Path,
    flat: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
    report: GraftReport | None,
) -> None:
    """Write the card, the report and the digest of all that is there."""
    write_whole(folder / CARD, json.dumps(plain(card), indent=1) + "\n")
    if report is not None:
        write_whole(folder / GRAFT, report.to_json())
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    digests = {
        "leaves": {path: digest(leaf) for path, leaf in flat.items()},
        "files": {file.relative_to(folder).as_posix(): sha256(file) for file in files},
    }
    write_whole(folder / DIGEST, json.dumps(digests, indent=1) + "\n")


def _give_way(folder: Path, older: Path) -> None:
    """Move an older checkpoint out of the way; a folder that is none is not touched."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / DIGEST).is_file():
        raise InputError("something else is there", remedy="choose another folder", path=folder)
    folder.rename(older)


def _restore(folder: Path) -> dict[str, Any]:
    try:
        with _orbax() as checkpointer:
            tree = checkpointer.metadata(folder.absolute()).item_metadata.tree
            as_numpy = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), tree)
            return checkpointer.restore(folder.absolute(), restore_args=as_numpy)
    except Exception as error:  # a cut file surfaces as any of a dozen types, none documented
        raise _damaged(folder, f"cannot be read ({_first_line(error)})") from error


@contextmanager
def _orbax() -> Iterator[ocp.PyTreeCheckpointer]:
    """Yield a checkpointer of this process alone, without absl's chatter."""
    process = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=process, active_processes={process}, barrier_sync_key_prefix=f"p{process}"
    )
    log = logging.getLogger("absl")
    level, multihost = log.level, type_handlers.multihost
    log.setLevel(logging.CRITICAL)  # errors are raised as well
    # Orbax writes numpy arrays in process 0 alone, whichever process is asked to save.
    type_handlers.multihost = SimpleNamespace(process_index=lambda: 0)
    try:
        with ocp.Checkpointer(
            ocp.PyTreeCheckpointHandler(multiprocessing_options=alone),
            multiprocessing_options=alone,
        ) as checkpointer:
            yield checkpointer
    finally:
        type_handlers.multihost = multihost
        log.setLevel(level)


def _check_files(folder: Path, under: str) -> None:
    """Raise InputError unless the files recorded under a name are there as they were written."""
    recorded = _recorded(folder)
    names = [name for name in recorded if name.split("/")[0] == under]
    if not names:
        raise _damaged(folder / DIGEST, f"it records nothing of {under}")
    for name in names:
        if not (folder / name).is_file():
            raise _damaged(folder / name, "no such file")
        if _found(folder / name) != recorded[name]:
            raise _damaged(folder / name, "is not what was saved: its sha256 differs")


def _recorded(folder: Path) -> dict[str, str]:
    """Return the digest of each file of a checkpoint, by its name; raises InputError."""
    found = _json(folder / DIGEST).get("files", {})
    if not isinstance(found, dict):
        raise _damaged(folder / DIGEST, "its files are no object")
    return found


def check_site(folder: Path, card: Card, expected: Mapping[str, Any]) -> None:
    """Raise InputError where a card is of another site, or of one cut otherwise, than expected.

    folder: what the error names; expected: as `load` takes it
    """
    differences = _differences("site", plain(expected.get("site", {})), card.get("site", {}))
    if "config" in expected:
        ours = plain(settings.plain(settings_of(card)))
        differences += _differences("config", plain(expected["config"]), ours)
    if differences:
        raise InputError(
            f"this network is for another site: {'; '.join(differences[:3])}",
            remedy="load it with its own site, or move it with launch.graft",
            path=folder,
        )


def _differences(name: str, wanted: Any, found: Any) -> list[str]:
    """Return one line for each field that differs, the vocabulary as counts."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            line
            for key in wanted
            for line in _differences(f"{name}.{key}", wanted[key], found.get(key))
        ]
    if wanted == found:
        return []
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) + len(found) > 8:
        shared = len({str(value) for value in wanted} & {str(value) for value in found})
        return [f"{name} has {len(found)} entries, not {len(wanted)} ({shared} shared)"]
    return [f"{name} is {found!r}, not {wanted!r}"]


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _damaged(path, "no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"cannot be read ({_first_line(error)})") from error
    if not isinstance(content, dict):
        raise _damaged(path, "holds no JSON object")
    return content


def _found(path: Path) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error.strerror})") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]


def _damaged(path: Path, problem: str) -> InputError:
    return InputError(
        problem,
        remedy="the checkpoint is incomplete or damaged: take a copy or save it again",
        path=path,
    )
