"""Weights in PyTorch's own files, read by PyTorch, which is not among this package's needs."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.zipped import members, too_large

_SAFE = (2, 6)  # before it, a file could run code in spite of weights_only (CVE-2025-32434)
_SAVE = "torch.save(model.state_dict(), FILE), or safetensors.torch.save_file"


def read_torch(path: Path, largest_bytes: int) -> dict[str, np.ndarray]:
    """Return the tensors of a `state_dict` by name, of at most `largest_bytes` in all.

    Floats that numpy has none of, such as bfloat16, become float32, which holds them exactly.
    Nothing but tensors is unpickled.

    Raises InputError where PyTorch is missing or too old, or the file holds something else; and
    whatever PyTorch raises where it is damaged.
    """
    torch = _torch(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            members(file, path, largest_bytes)
            if file.testzip() is not None:
                raise ValueError("a checksum in it differs")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if "weights_only" not in str(error).lower():
            raise
        raise _not_weights("it holds objects that would run code when read", path) from error
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise _not_weights("it is no state_dict: a mapping of names to tensors", path)
    held = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if held > largest_bytes:
        raise too_large(held, largest_bytes, path)
    return {str(name): _array(tensor) for name, tensor in state.items()}


def _array(tensor: Any) -> np.ndarray:
    dense = tensor.detach().to_dense() if tensor.is_sparse else tensor.detach()
    try:
        return dense.numpy()
    except TypeError:
        if not dense.is_floating_point():
            raise
        return dense.float().numpy()


def _torch(path: Path) -> Any:
    try:
        import torch  # an optional reader, of half a gigabyte
    except ImportError as error:
        raise InputError(
            "reading this file needs PyTorch",
            remedy="pip install torch, or save the state_dict with safetensors.torch.save_file",
            path=path,
        ) from error
    if tuple(map(int, torch.__version__.split(".")[:2])) < _SAFE:
        raise InputError(
            f"PyTorch {torch.__version__} may run what is in this file",
            remedy="install torch 2.6 or later, or save the weights as .safetensors",
            path=path,
        )
    return torch


def _not_weights(problem: str, path: Path) -> InputError:
    return InputError(f"cannot be read ({problem})", remedy=f"save it by {_SAVE}", path=path)
