"""Keras weight files: `model.save("x.h5")`, `save_weights("x.h5")` (Keras 2), `.weights.h5` (3)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.tree import nest

_CELL = re.compile(r"(lstm_)?cell(_\d+)?")
_VARIABLES = {2: ("kernel", "bias"), 3: ("kernel", "recurrent_kernel", "bias")}


def read_keras(path: Path) -> dict[str, Any]:
    """Return the layers of a Keras file: `{"lstm": {"kernel", "recurrent_kernel", "bias"}, ...}`.

    Keras's gate order (i, f, c, o), its single bias and its kernel layout are ours.

    Raises InputError where the file is cut, is not of Keras, names a layer twice, or an LSTM has
    other activations, no bias or the two biases of CuDNNLSTM.
    """
    try:
        with h5py.File(path, "r") as file:
            weights = dict(_weights(file))
            config = file.attrs.get("model_config")
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0][:160]
        raise InputError(
            f"cannot be read ({reason})",
            remedy="the file is cut or not of Keras: save it again",
            path=path,
        ) from error
    if not weights:
        raise InputError(
            "holds no Keras layer with weights",
            remedy="save it by model.save or model.save_weights",
            path=path,
        )
    if config is not None:
        _check_activations(json.loads(config), path)
    tree = nest(_flat(weights, path))
    for name, layer in tree.items():
        _check_lstm(name, layer, path)
    return tree


def _weights(file: h5py.File) -> Iterator[tuple[tuple[str, str, str], np.ndarray]]:
    """Yield (layer, weight, place in the file) and the array of every weight."""
    datasets: list[str] = []
    file.visit(lambda name: datasets.append(name) if isinstance(file[name], h5py.Dataset) else None)
    for place in datasets:
        parts = place.split("/")
        if parts[0] == "optimizer" or "optimizer_weights" in parts:
            continue
        if len(parts) > 2 and parts[-2] == "vars":
            yield (*_of_version_3(file, parts), place), file[place][()]
        elif len(parts) > 1:
            yield (*_of_version_2(parts), place), file[place][()]


def _of_version_3(file: h5py.File, parts: list[str]) -> tuple[str, str]:
    # layers/lstm_1/cell/vars/0: weights are numbered, the layer's own name is an attribute.
    group = parts[:-3] if parts[-3] == "cell" else parts[:-2]
    named = file["/".join([*group, "vars"])]
    count = len(file["/".join(parts[:-1])])
    weight = _VARIABLES.get(count, tuple(map(str, range(count))))[int(parts[-1])]
    return str(named.attrs.get("name", group[-1])), weight


def _of_version_2(parts: list[str]) -> tuple[str, str]:
    # imu_lstm/imu_lstm/lstm_cell/kernel:0, and before 2.1 imu_lstm/imu_lstm/kernel:0
    *groups, weight = parts
    while len(groups) > 1 and _CELL.fullmatch(groups[-1]):
        groups.pop()
    return groups[-1], weight.split(":")[0]


def _flat(weights: dict[tuple[str, str, str], np.ndarray], path: Path) -> dict[str, np.ndarray]:
    flat: dict[str, np.ndarray] = {}
    for (layer, weight, place), value in weights.items():
        name = f"{layer.replace('.', '_')}/{weight.replace('.', '_')}"
        if name in flat:
            raise InputError(
                f"two layers are called {layer} (one is at {place})",
                remedy="name the layers apart before saving",
                path=path,
            )
        flat[name] = np.asarray(value)
    return flat


def _check_lstm(name: str, layer: dict[str, Any], path: Path) -> None:
    if "recurrent_kernel" not in layer:
        return
    hidden, gates = layer["recurrent_kernel"].shape
    bias = layer.get("bias", np.zeros(0))
    if gates != 4 * hidden or bias.shape != (gates,):
        raise InputError(
            f"layer {name} is not an LSTM with one bias (recurrent kernel [{hidden}, {gates}], "
            f"bias {list(bias.shape)})",
            remedy="load it into keras.layers.LSTM(use_bias=True) and save that",
            path=path,
        )


def _check_activations(config: Any, path: Path) -> None:
    """Raise InputError where an LSTM of the saved model computes another function than ours."""
    if isinstance(config, list):
        for part in config:
            _check_activations(part, path)
    if not isinstance(config, dict):
        return
    if config.get("class_name") == "LSTM":
        inner = config.get("config", {})
        found = inner.get("activation"), inner.get("recurrent_activation")
        if found != ("tanh", "sigmoid"):
            raise InputError(
                f"LSTM {inner.get('name')} has the activations {found[0]} and {found[1]}",
                remedy="only tanh and sigmoid fit: train it with recurrent_activation='sigmoid'",
                path=path,
            )
    for part in config.values():
        _check_activations(part, path)
