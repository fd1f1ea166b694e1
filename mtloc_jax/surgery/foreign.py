"""Parameter trees of other libraries, as nested dicts in our layout, under their own layer names.

A dense layer becomes {kernel [in, out], bias}; an LSTM {kernel [in, 4H], recurrent_kernel [H, 4H],
bias [4H]} in the gate order input, forget, cell, output. A file is read in a process of its own,
which is stopped when it takes too long: no file hangs, fills or crashes this one.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery import confined, weight_files
from mtloc_jax.surgery.checked_card import checked_card
from mtloc_jax.surgery.tree import nest


def read_foreign(path: Path) -> dict[str, Any]:
    """Read the weights of a `.safetensors`, `.npz`, Keras `.h5` or PyTorch `.pt` file.

    Raises InputError as `read_with_card` does.
    """
    return read_with_card(path)[0]


def read_with_card(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read weights as `read_foreign`, and their card: of a network exported here, else empty.

    A PyTorch `state_dict` is recognised by its names, in `.safetensors` and `.npz` too.

    Raises InputError where the file is missing, cut, damaged, of another kind, says that it holds
    far more than its size, holds a value that is no finite number, or an LSTM that this network's
    cannot express.
    """
    n_bytes = _checked_size(path)
    limits = confined.limits_for(n_bytes, weight_files.held_bytes(n_bytes))
    ended = confined.run(weight_files.__name__, str(path.absolute()), limits)
    return understood(path, ended)


def understood(path: Path, ended: confined.Ended) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what weight_files wrote of a file; raises InputError where it could not read it."""
    if ended.fault is not None:
        raise InputError(
            f"cannot be read ({ended.fault})",
            remedy="the file is damaged or made to do harm: save it again",
            path=path,
        )
    line_end = ended.output.find(b"\n")
    said = json.loads(ended.output[: None if line_end < 0 else line_end])
    if "problem" in said:
        raise InputError(said["problem"], remedy=said["remedy"], path=path)
    flat, at = {}, line_end + 1
    for array in said["arrays"]:
        count, dtype = math.prod(array["shape"]), np.dtype(array["dtype"])
        values = np.frombuffer(ended.output, dtype, count, at)
        flat[array["name"]] = values.reshape(array["shape"]).copy()
        at += count * dtype.itemsize
    try:
        return nest(flat), checked_card(said["card"])
    except InputError as error:
        raise InputError(error.problem, remedy=error.remedy, path=path) from error


def _checked_size(path: Path) -> int:
    """Return the size of a file that can be tried; raises InputError for any other."""
    if not path.exists():
        raise InputError("no such file", remedy="give a checkpoint folder or a file", path=path)
    if not path.is_file():
        raise InputError("is no plain file", remedy="give a file of weights", path=path)
    if path.suffix not in weight_files.SUFFIXES:
        raise InputError(
            f"cannot read {path.suffix or 'this kind of'} file",
            remedy="save the weights as .safetensors, .npz, Keras .h5 or a PyTorch state_dict .pt",
            path=path,
        )
    n_bytes = path.stat().st_size
    if n_bytes > weight_files.LARGEST_BYTES:
        raise InputError(
            f"is of {n_bytes:,} bytes, {weight_files.LARGEST_BYTES:,} are read at most",
            remedy="save the weights of the network alone",
            path=path,
        )
    return n_bytes
