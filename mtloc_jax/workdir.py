"""A study's folder: config.json, and one sub-folder a chunk that is there whole or not at all."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import jax
from ml_collections import ConfigDict

from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.provenance import CONFIG

_PACKAGES = ("mtloc-jax", "jax", "flax", "optax", "orbax-checkpoint", "numpy")


def claim(workdir: Path, config: ConfigDict, site_pair: str, simulated: bool) -> None:
    """Make `workdir` this study's, or find that it is already.

    Raises InputError where it holds another study's rows or cannot be written.
    """
    plain = json.loads(config.to_json_best_effort())
    path = workdir / CONFIG
    if path.exists():
        _check_same(path, plain)
        return
    if workdir.exists() and any(workdir.iterdir()):
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
        partial = workdir / f".{CONFIG}.partial"
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write here ({error.strerror})", remedy="give another --workdir", path=workdir
        ) from error


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Give a folder to write to that becomes `folder` when all went well, and else is gone."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.replace(folder)
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})",
            remedy="free space and run the same command again: finished chunks are kept",
            path=folder,
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def chunk_folder(workdir: Path, number: int) -> Path:
    """Return where chunk `number` lies once it is finished."""
    return workdir / "chunks" / f"{number:04d}"


def merge(workdir: Path, folders: list[Path]) -> None:
    """Write rows.csv, cdf.csv and tracks.csv of the study from its finished chunks, in order."""
    for name in rows.COLUMNS:
        partial = workdir / f".{name}.partial"
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(rows.COLUMNS[name]) + "\n")
            for folder in folders:
                file.write((folder / name).read_text(encoding="utf-8").split("\n", 1)[1])
        partial.replace(workdir / name)


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
