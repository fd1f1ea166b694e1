"""PyTorch's `state_dict` in our layout: kernels transposed, the LSTM's two biases summed."""

import re
from collections.abc import Mapping

import numpy as np

from mtloc_jax.errors import InputError

_LSTM = re.compile(r"(?:(.*)\.)?(weight|bias)_(ih|hh)_l(\d+)(_reverse)?")


def is_state_dict(flat: Mapping[str, np.ndarray]) -> bool:
    """Say whether arrays have the names that PyTorch gives weights."""
    return any(re.search(r"(^|\.)weight(_ih_l0)?$", name) for name in flat)


def from_torch(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Convert a `state_dict` of numpy arrays to the leaves of a tree, by path.

    Raises InputError on LSTMs with several layers, two directions or projections.
    """
    flat: dict[str, np.ndarray] = {}
    for name, value in state.items():
        lstm = _LSTM.fullmatch(name)
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
            )
        prefix = f"{layer}/" if layer else ""
        if kind == "weight":
            _check_four_gates(name, value)
            flat[prefix + {"ih": "kernel", "hh": "recurrent_kernel"}[side]] = value.T
        else:
            flat[f"{prefix}bias"] = flat.get(f"{prefix}bias", np.zeros((), value.dtype)) + value
    return {name: np.ascontiguousarray(value) for name, value in flat.items()}


def _check_four_gates(name: str, value: np.ndarray) -> None:
    hidden = value.shape[0] // 4 if value.ndim else 0
    square = not name.endswith("hh_l0") or value.shape[1:] == (hidden,)
    if value.ndim != 2 or value.shape[0] % 4 or not square:
        raise InputError(
            f"{name} of shape {list(value.shape)} is not an LSTM's (4 gates, no projection)",
            remedy="only torch.nn.LSTM with proj_size=0 fits",
        )
