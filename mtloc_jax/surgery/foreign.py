"""Parameter trees of other libraries, as nested dicts in our layout, under their own layer names.

A dense layer becomes {kernel [in, out], bias}; an LSTM {kernel [in, 4H], recurrent_kernel [H, 4H],
bias [4H]} in the gate order input, forget, cell, output.
"""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.keras_h5 import read_keras
from mtloc_jax.surgery.tree import nest, prefixes

_TORCH_LSTM = re.compile(r"(?:(.*)\.)?(weight|bias)_(ih|hh)_l(\d+)(_reverse)?")


def read_foreign(path: Path) -> dict[str, Any]:
    """Read a `.safetensors`, `.npz`, Keras `.h5` or PyTorch `.pt` file of weights.

    A PyTorch `state_dict` is recognised by its names, in `.safetensors` and `.npz` too.

    Raises InputError where the file is missing, cut, of another kind, or holds an LSTM that this
    network's cannot express.
    """
    if not path.is_file():
        raise InputError("no such file", remedy="give a checkpoint folder or a file", path=path)
    if path.suffix in (".h5", ".hdf5"):
        return read_keras(path)
    if path.suffix not in _READERS:
        raise InputError(
            f"cannot read {path.suffix or 'this kind of'} file",
            remedy="save the weights as .safetensors, .npz, Keras .h5 or a PyTorch state_dict .pt",
            path=path,
        )
    flat = _READERS[path.suffix](path)
    return from_torch(flat, path) if _is_torch(flat) else _nested(flat, path)


def from_torch(state: Mapping[str, np.ndarray], path: Path | None = None) -> dict[str, Any]:
    """Convert a PyTorch `state_dict` of numpy arrays: transposed, the LSTM's two biases summed.

    Raises InputError on LSTMs with several layers, two directions or projections.
    """
    flat: dict[str, Any] = {}
    for name, value in state.items():
        lstm = _TORCH_LSTM.fullmatch(name)
        if lstm is None:
            layer, _, kind = name.rpartition(".")
            kernel = kind == "weight" and value.ndim == 2
            flat[f"{layer}/kernel" if kernel else name] = value.T if kernel else value
            continue
        layer, kind, side, number, backward = lstm.groups()
        if number != "0" or backward:
            raise InputError(
                f"{name} is of an LSTM with several layers or two directions",
                remedy="only one forward layer fits; take the others out of the file",
                path=path,
            )
        prefix = f"{layer}/" if layer else ""
        if kind == "weight":
            _check_four_gates(name, value, path)
            flat[prefix + {"ih": "kernel", "hh": "recurrent_kernel"}[side]] = value.T
        else:
            flat[f"{prefix}bias"] = flat.get(f"{prefix}bias", 0) + value
    return _nested({name: np.ascontiguousarray(value) for name, value in flat.items()}, path)


def _is_torch(flat: Mapping[str, np.ndarray]) -> bool:
    return any(re.search(r"(^|\.)weight(_ih_l0)?$", name) for name in flat)


def _check_four_gates(name: str, value: np.ndarray, path: Path | None) -> None:
    hidden = value.shape[0] // 4
    if value.shape[0] % 4 or (name.endswith("hh_l0") and value.shape[1] != hidden):
        raise InputError(
            f"{name} of shape {list(value.shape)} is not an LSTM's (4 gates, no projection)",
            remedy="only torch.nn.LSTM with proj_size=0 fits",
            path=path,
        )


def _nested(flat: Mapping[str, np.ndarray], path: Path | None) -> dict[str, Any]:
    for name in flat:
        *parents, _ = prefixes(name)
        both = next((parent for parent in parents if parent in flat), None)
        if both is not None:
            raise InputError(
                f"{both} is both a weight and a layer", remedy="rename one of them", path=path
            )
    return nest(flat)


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _torch_file(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch  # an optional reader, of half a gigabyte
    except ImportError as error:
        raise InputError(
            "reading this file needs PyTorch",
            remedy="pip install torch, or save the state_dict with safetensors.torch.save_file",
            path=path,
        ) from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {name: tensor.numpy() for name, tensor in state.items()}
    except Exception as error:  # unpickling fails in any way
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
    return InputError(
        f"cannot be read ({reason})", remedy="the file is cut or damaged: save it again", path=path
    )


_READERS = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".pt": _torch_file,
    ".pth": _torch_file,
}
