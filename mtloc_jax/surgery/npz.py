"""Weights in numpy's `.npz`, checked header by header before an array is allocated."""

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.zipped import members

NUMBERS = "fiub"
"""Kinds of dtype that weights may have: floats, integers with and without sign, booleans."""
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path, largest_bytes: int) -> dict[str, np.ndarray]:
    """Return the arrays of a `.npz` by name, of at most `largest_bytes` in all; never a pickle.

    Raises InputError where it holds other things than arrays of numbers, or more; and whatever
    zipfile and numpy raise where it is damaged.
    """
    with zipfile.ZipFile(path) as file:
        return {
            member.filename.removesuffix(".npy"): _array(file, member, path)
            for member in members(file, path, largest_bytes)
        }


def _array(file: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> np.ndarray:
    with file.open(member) as raw:
        shape, fortran, dtype = _header(raw)
        name = member.filename
        if dtype.kind not in NUMBERS or dtype.hasobject:
            raise InputError(
                f"{name} holds {dtype}, not numbers",
                remedy="save arrays of numbers alone",
                path=path,
            )
        n_bytes = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or raw.tell() + n_bytes != member.file_size:
            raise ValueError(f"{name} has not the size that its header says")
        content = raw.read(n_bytes)
        if raw.read(1) or len(content) != n_bytes:  # at its end the checksum is looked at
            raise ValueError(f"{name} has not the size that its header says")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _header(raw: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(raw)
    if version not in _HEADERS:
        raise ValueError(f"an array of version {version}")
    return _HEADERS[version](raw)
