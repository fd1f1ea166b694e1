"""Read a file of weights, as `python -m mtloc_jax.surgery.weight_files PATH`, under limits.

Started by foreign.read_foreign. It writes one line of JSON, `{"arrays": [{"name", "dtype",
"shape"}], "card"}`, and after it the bytes of the arrays; or `{"problem", "remedy"}` alone.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.confined import MIB, confine, limits_for
from mtloc_jax.surgery.keras_h5 import read_keras
from mtloc_jax.surgery.npz import NUMBERS, read_npz
from mtloc_jax.surgery.safetensors_file import read_safetensors
from mtloc_jax.surgery.state_dict import from_torch, is_state_dict
from mtloc_jax.surgery.torch_file import read_torch
from mtloc_jax.surgery.tree import prefixes, segments

LARGEST_BYTES = 4096 * MIB
"""A larger file of weights is of no network that locates a phone."""
_SMALL_BYTES, _RATIO = 16 * MIB, 4
_LONGEST_NAME, _DEEPEST_NAME = 256, 32


def held_bytes(n_bytes: int) -> int:
    """Return how many bytes of arrays a file of `n_bytes` may hold; weights hardly compress."""
    return max(_SMALL_BYTES, _RATIO * n_bytes)


def read_weights(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the weights of a file by their path in a tree, and its card; in this process.

    Raises InputError where the file is cut, damaged, of another kind, or asks for more memory than
    this process has.
    """
    try:
        flat, card = _read(path)
        if is_state_dict(flat):
            flat = from_torch(flat)
        _check(flat)
    except InputError as error:
        raise InputError(error.problem, remedy=error.remedy, path=path) from error
    except MemoryError as error:
        raise _unreadable(path, "it asks for more memory than a file of its size needs") from error
    except Exception as error:  # damage surfaces as any type; what the formats promise is little
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _unreadable(path, reason[:160]) from error
    return flat, card


def main(path: Path, output: BinaryIO) -> None:
    """Bind this process to its limits, read a file, and write what it holds, or why not."""
    if path.suffix in _LIBRARIES:
        _loaded(_LIBRARIES[path.suffix])
    try:
        confine(limits_for(path.stat().st_size, held_bytes(path.stat().st_size)))
        flat, card = read_weights(path)
        output.write(json.dumps({"arrays": _listed(flat), "card": card}).encode() + b"\n")
        for leaf in flat.values():
            output.write(np.ascontiguousarray(leaf).tobytes())
    except InputError as error:
        output.write(json.dumps({"problem": error.problem, "remedy": error.remedy}).encode())
    output.flush()


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    largest = held_bytes(path.stat().st_size)
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    return _READERS[path.suffix](path, largest), {}


def _check(flat: Mapping[str, np.ndarray]) -> None:
    """Raise InputError unless all are finite numbers, under names that fit a tree and a screen."""
    paths = Counter("/".join(segments(name)) for name in flat)
    for name, leaf in flat.items():
        *parents, path = prefixes(name)
        if not name.isprintable() or len(name) > _LONGEST_NAME or len(parents) > _DEEPEST_NAME:
            raise InputError(f"{name[:_LONGEST_NAME]!r} is no name of a weight", remedy="rename it")
        if paths[path] > 1:
            raise InputError(f"two weights are called {path}", remedy="rename one of them")
        both = next((parent for parent in parents if parent in paths), None)
        if both is not None:
            raise InputError(f"{both} is both a weight and a layer", remedy="rename one of them")
        if leaf.dtype.kind not in NUMBERS:
            raise InputError(
                f"{name} holds {leaf.dtype}, not numbers", remedy="save arrays of numbers alone"
            )
        if not np.all(np.isfinite(leaf)):
            raise InputError(
                f"{name} holds a value that is not a finite number",
                remedy="the file is damaged, or its training diverged: take another network",
            )


def _listed(flat: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Bring the arrays into this machine's byte order, and return what tells their bytes apart."""
    for name, leaf in flat.items():
        flat[name] = leaf.astype(leaf.dtype.newbyteorder("="), copy=False)
    return [
        {"name": name, "dtype": leaf.dtype.name, "shape": leaf.shape} for name, leaf in flat.items()
    ]


def _loaded(library: str) -> None:
    """Load a library before the limits count; where it is missing, its reader says so."""
    try:
        import_module(library)
    except ImportError:
        return


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(
        f"cannot be read ({reason})", remedy="the file is cut or damaged: save it again", path=path
    )


_READERS = {
    ".npz": read_npz,
    ".h5": read_keras,
    ".hdf5": read_keras,
    ".pt": read_torch,
    ".pth": read_torch,
}
SUFFIXES = (".safetensors", *_READERS)
_LIBRARIES = {".pt": "torch", ".pth": "torch"}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdout.buffer)
