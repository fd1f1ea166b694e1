"""A prepared site on disk: its rounds as arrays, vocabulary, split and where each came from.

site.json        name, format, split, digests of inputs and arrays, files left out
vocabulary.txt   access points heard in training, one a line
rounds/JOB.npz   the walks of one job (mtloc_jax/logs/jobs.py)
floor_image.png, floor_info.json, geojson_map.json   where the recordings have a floor plan
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.files import sha256, write_whole
from mtloc_jax.logs.round import Round
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.walk_arrays import Arrays, from_arrays, to_arrays

SITE, VOCABULARY, ROUNDS = "site.json", "vocabulary.txt", "rounds"
PLAN_IMAGE, PLAN_INFO, PLAN_MAP = "floor_image.png", "floor_info.json", "geojson_map.json"
VERSION = 5  # of the arrays: raise it where a reader's result changes
_READABLE = (3, 4, VERSION)  # 3 knew no channels: there they are 0

_AGAIN = "run launch.prepare again; it redoes what is damaged"


class Prepared(NamedTuple):
    """Hold a site folder's contents; skipped: what was wrong with each file left out.

    origin_deg: latitude and longitude of (0, 0), where the recordings have degrees
    """

    name: str
    walks: list[Round]
    split: Split
    skipped: tuple[str, ...]
    digest: str
    origin_deg: tuple[float, float] | None = None


def is_site(folder: Path) -> bool:
    """Say whether `folder` was made by launch.prepare, to its end."""
    return (folder / SITE).is_file()


def load(folder: Path) -> Prepared:
    """Read a site folder.

    Raises InputError where it is not complete, or site.json or an array is not the one that was
    written. Nothing vouches for its floor plan.
    """
    card = read_card(folder)
    walks: list[Round] = []
    for name, digest in card["arrays"].items():
        path = folder / ROUNDS / name
        if not path.is_file() or sha256(path) != digest:
            raise InputError("is absent or was changed", remedy=_AGAIN, path=path)
        walks += load_walks(path)[1]
    split = Split(**{name: tuple(rounds) for name, rounds in card["split"].items()})
    origin = card.get("origin_deg")
    return Prepared(
        card["name"],
        walks,
        split,
        tuple(card["skipped"]),
        card["digest"],
        (origin[0], origin[1]) if origin else None,
    )


def read_card(folder: Path) -> dict:
    """Read site.json; raises InputError where it is absent, not one, or not as it was written."""
    path = folder / SITE
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["version"] not in _READABLE:
            raise InputError(
                f"was made by version {card['version']} of the readers, not {VERSION}",
                remedy="run launch.prepare again",
                path=path,
            )
        if card.pop("digest") != (digest := card_digest(card)):
            raise InputError("was changed", remedy=_AGAIN, path=path)
        return card | {"digest": digest}
    except OSError:
        raise InputError(
            "no such file", remedy="this is no site folder yet; run launch.prepare", path=path
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("is damaged", remedy=_AGAIN, path=path) from None


def card_digest(card: dict) -> str:
    """Return the SHA-256 of site.json's fields, in their order, without the digest itself."""
    return hashlib.sha256(json.dumps(card).encode()).hexdigest()


def save_walks(path: Path, key: str, walks: Sequence[Round]) -> None:
    """Write walks whole or not at all; equal walks give equal bytes.

    key: digest of what they were read from, to know later whether to read it again
    """
    arrays = {
        f"{at}/{name}": array
        for at, walk in enumerate(walks)
        for name, array in to_arrays(walk).items()
    }
    packed = io.BytesIO()
    np.savez(packed, key=np.array(key), n_walks=np.array(len(walks)), **arrays)  # type: ignore[arg-type]
    write_whole(path, packed.getvalue())


def load_walks(path: Path) -> tuple[str, list[Round]]:
    """Read the key and walks of one file; raises InputError where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        walks = [from_arrays(_below(f"{at}/", arrays)) for at in range(int(arrays["n_walks"]))]
        return str(arrays["key"]), walks
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        raise InputError("is damaged", remedy=_AGAIN, path=path) from None


def _below(prefix: str, arrays: Arrays) -> Arrays:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
