"""A prepared site on disk: its rounds as arrays, vocabulary, split and where each came from.

site.json        name, format, split, digests of inputs and arrays, files left out
vocabulary.txt   access points heard in training, one a line
rounds/JOB.npz   the walks of one job (mtloc_jax/sites/formats.py)
floor_image.png, floor_info.json   where the recordings have a floor plan
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import Round
from mtloc_jax.sites import site
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.walk_arrays import from_arrays, to_arrays
from mtloc_jax.sites.windows import WindowSpec

SITE, VOCABULARY, ROUNDS = "site.json", "vocabulary.txt", "rounds"
PLAN_IMAGE, PLAN_INFO = "floor_image.png", "floor_info.json"
VERSION = 1  # of the arrays: raise it where a reader's result changes

_AGAIN = "run launch.prepare again; it redoes what is damaged"


class Prepared(NamedTuple):
    """Hold a site folder's contents; skipped: what was wrong with each file left out."""

    name: str
    walks: list[Round]
    split: Split
    skipped: tuple[str, ...]
    digest: str


def is_site(folder: Path) -> bool:
    """Say whether `folder` was made by launch.prepare, to its end."""
    return (folder / SITE).is_file()


def load(folder: Path) -> Prepared:
    """Read a site folder.

    Raises InputError where it is not complete, or an array file is not the one that was written.
    """
    card = read_card(folder)
    walks: list[Round] = []
    for name, digest in card["arrays"].items():
        path = folder / ROUNDS / name
        if not path.is_file() or sha256(path) != digest:
            raise InputError("is absent or was changed", remedy=_AGAIN, path=path)
        walks += load_walks(path)[1]
    split = Split(**{name: tuple(rounds) for name, rounds in card["split"].items()})
    return Prepared(card["name"], walks, split, tuple(card["skipped"]), card["digest"])


def open_site(folder: Path, spec: WindowSpec, *, wifi_entry_max_age_ms: int = 4000) -> Site:
    """Cut a site folder into windows; raises InputError as `load` and `site.build`."""
    found = load(folder)
    return site.build(
        found.name,
        found.walks,
        found.split,
        spec,
        wifi_entry_max_age_ms=wifi_entry_max_age_ms,
    )


def read_card(folder: Path) -> dict:
    """Read site.json; raises InputError where it is absent or not one."""
    path = folder / SITE
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["version"] != VERSION:
            raise InputError(
                f"was made by version {card['version']} of the readers, not {VERSION}",
                remedy="run launch.prepare again",
                path=path,
            )
        return card
    except OSError:
        raise InputError(
            "no such file", remedy="this is no site folder yet; run launch.prepare", path=path
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("is damaged", remedy=_AGAIN, path=path) from None


def save_walks(path: Path, key: str, walks: Sequence[Round]) -> None:
    """Write walks whole or not at all; equal walks give equal bytes.

    key: digest of what they were read from, to know later whether to read it again
    """
    arrays = {
        f"{at}/{name}": array
        for at, walk in enumerate(walks)
        for name, array in to_arrays(walk).items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez(file, key=np.array(key), n_walks=np.array(len(walks)), **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def load_walks(path: Path) -> tuple[str, list[Round]]:
    """Read the key and walks of one file; raises InputError where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        raise InputError("is damaged", remedy=_AGAIN, path=path) from None
    walks = []
    for at in range(int(arrays["n_walks"])):
        prefix = f"{at}/"
        found = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        walks.append(from_arrays(found))
    return str(arrays["key"]), walks


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
