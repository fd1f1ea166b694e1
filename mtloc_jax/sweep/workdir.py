"""A study's folder: config.json, and one sub-folder a chunk that is there whole or not at all."""

import csv
import hashlib
import json
import logging
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import jax
from ml_collections import ConfigDict

from mtloc_jax.errors import InputError
from mtloc_jax.report import rows
from mtloc_jax.report.provenance import CONFIG
from mtloc_jax.sweep.plan import Key, Plan
from mtloc_jax.sweep.variants import FOLDER

_PACKAGES = ("mtloc-jax", "jax", "flax", "optax", "orbax-checkpoint", "numpy")


def claim(workdir: Path, config: ConfigDict, site_pair: str, simulated: bool) -> None:
    """Make `workdir` this study's, or find that it is already.

    Raises InputError where it holds another study's rows or cannot be written.
    """
    plain = _plain(config)
    names = {path.name for path in workdir.iterdir()} if workdir.exists() else set()
    if CONFIG in names:
        _check_same(workdir / CONFIG, plain)
        return
    if any(not name.startswith(".") for name in names):
        raise InputError(
            "this folder holds other files", remedy="give an empty --workdir", path=workdir
        )
    record = {
        "study": config.study,
        "site_pair": site_pair,
        "simulated": simulated,
        "config": plain,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in _PACKAGES},
        "device": _device(),
        "git_revision": _git_revision(),
    }
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        _write(workdir / CONFIG, json.dumps(record, indent=1) + "\n")
    except OSError as error:
        raise InputError(
            f"cannot write here ({error.strerror})", remedy="give another --workdir", path=workdir
        ) from error


@contextmanager
def whole(folder: Path, process: int = 0) -> Iterator[Path]:
    """Give a folder to write to that becomes `folder` when all went well, and else is gone.

    Where another process was first, its folder stays.
    """
    mine = partial(folder, process)
    shutil.rmtree(mine, ignore_errors=True)
    mine.mkdir(parents=True)
    try:
        yield mine
        settle(mine, folder)
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space and run the same command again: finished chunks are kept",
            path=folder,
        ) from error
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def partial(path: Path, process: int = 0) -> Path:
    """Return where a process writes what becomes `path` when it is whole."""
    return path.with_name(f".{path.name}.partial" + (f"-{process}" if process else ""))


def settle(mine: Path, folder: Path) -> None:
    """Rename a finished folder to its place, unless another process was first."""
    try:
        mine.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(mine)


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


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of each CSV file in a chunk's folder."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in rows.COLUMNS}


def check_digests(folder: Path, recorded: dict[str, str]) -> None:
    """Raise InputError where a CSV file of a chunk is absent or not what was recorded of it."""
    for name in rows.COLUMNS:
        path = folder / name
        if not path.is_file() or _sha256(path) != recorded.get(name):
            raise InputError(
                "is not what was saved", remedy="run launch.study again to redo it", path=path
            )


def merge(workdir: Path, folders: list[Path]) -> None:
    """Write rows.csv, cdf.csv and tracks.csv of the study from its finished chunks, in order."""
    for name in rows.COLUMNS:
        _write(workdir / name, _header(name) + "".join(_lines(folders, name)))


def merge_variants(workdir: Path, folders: list[Path], plan: Plan) -> None:
    """Merge the chunks run by run in the order of the grid, whatever chunk trained them.

    Where a study has variants, each also gets a workdir of its own, as if it were a study.
    """
    named = [variant for variant in plan.variants if variant.settings]
    for name in rows.COLUMNS:
        found: dict[Key, list[str]] = {key: [] for key in plan.order()}
        for line in _lines(folders, name):
            study, _, arm, rate, seed, *_ = next(csv.reader([line]))
            found[study, arm, rate, seed].append(line)
        _write(workdir / name, _header(name) + "".join(chain.from_iterable(found.values())))
        for variant in named:
            study = variant.study(plan.config.study)
            lines = chain.from_iterable(run for key, run in found.items() if key[0] == study)
            _write(workdir / FOLDER / variant.name / name, _header(name) + "".join(lines))
    record = json.loads((workdir / CONFIG).read_text(encoding="utf-8"))
    for variant in named:
        made = variant.applied(plan.config)
        changed = record | {"study": made.study, "config": _plain(made)}
        path = workdir / FOLDER / variant.name / CONFIG
        _write(path, json.dumps(changed, indent=1) + "\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _lines(folders: list[Path], name: str) -> Iterator[str]:
    for folder in folders:
        text = (folder / name).read_text(encoding="utf-8")
        yield from (line + "\n" for line in text.split("\n")[1:-1])


def _header(name: str) -> str:
    return ",".join(rows.COLUMNS[name]) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a file, whole or not at all, also where several processes write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{path.name}.partial-{platform.node()}-{os.getpid()}")
    mine.write_text(text, encoding="utf-8", newline="\n")
    mine.replace(path)


def _plain(config: ConfigDict) -> dict:
    """Return a config as JSON has it; a sweep of nothing is no sweep."""
    plain = json.loads(config.to_json_best_effort())
    return {name: value for name, value in plain.items() if name != "sweep" or value}


def _check_same(path: Path, plain: dict) -> None:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))["config"]
    except (ValueError, KeyError) as error:
        raise InputError(
            "this is not a study's config", remedy="give an empty --workdir", path=path
        ) from error
    odd = sorted(k for k in held.keys() | plain.keys() if held.get(k) != plain.get(k))
    if odd:
        raise InputError(
            f"this folder holds another study's rows ({', '.join(odd)} differ)",
            remedy="give another --workdir, or the config this study was started with",
            path=path,
        )


def _device() -> str:
    devices = jax.devices()
    kind = devices[0].device_kind
    if kind == "cpu":
        kind = f"{platform.machine()} core of {os.cpu_count()}"
    return f"{len(devices)} x {kind}"


def _git_revision() -> str:
    """Return the commit of the code, marked where files differ from it; "unknown" outside git."""
    here = Path(__file__).parent
    try:
        revision = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--", ".", "../configs", "../launch")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return revision[:12] + ("+changes" if changed else "")


def _git(here: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(here), *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
