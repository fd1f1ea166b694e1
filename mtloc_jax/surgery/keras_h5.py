"""Keras weight files: `model.save("x.h5")`, `save_weights("x.h5")` (Keras 2), `.weights.h5` (3)."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.npz import NUMBERS
from mtloc_jax.surgery.zipped import too_large

_CELL = re.compile(r"(lstm_)?cell(_\d+)?")
_VARIABLES = {2: ("kernel", "bias"), 3: ("kernel", "recurrent_kernel", "bias")}
_VARIABLES_OF_CELL = {**_VARIABLES, 2: ("kernel", "recurrent_kernel")}
_BACKWARD = "backward_"
"""How Keras 3 begins the group of the half of a Bidirectional that reads backwards, 2 its name."""


def read_keras(path: Path, largest_bytes: int) -> dict[str, np.ndarray]:
    """Return the weights of a Keras file, of at most `largest_bytes`: `{"lstm/kernel": .., ..}`.

    Keras's gate order (i, f, c, o), its single bias and its kernel layout are ours.

    Raises InputError where the file holds a link or says where else its values lie, is not of
    Keras, names a layer twice, or an LSTM reads backwards, has other activations, no bias or the
    two biases of CuDNNLSTM; and whatever h5py raises where it is damaged. Weights saved without
    their model say neither activations nor, but for the halves of a Bidirectional, the direction.
    """
    with h5py.File(path, "r") as file:
        datasets = dict(_datasets(file, path))
        held = sum(_n_bytes(dataset) for dataset in datasets.values())
        if held > largest_bytes:
            raise too_large(held, largest_bytes, path)
        weights = dict(_weights(file, datasets, path))
        config = file.attrs.get("model_config")
    if not weights:
        raise InputError(
            "holds no Keras layer with weights",
            remedy="save it by model.save or model.save_weights",
            path=path,
        )
    if config is not None:
        _check_model(json.loads(config), path)
    flat = _flat(weights, path)
    for layer in {name.rpartition("/")[0] for name in flat}:
        _check_lstm(layer, flat, path)
    return flat


def _datasets(file: h5py.File, path: Path) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the place and the dataset of all weights, in the order of their places.

    Raises InputError on whatever would make HDF5 read elsewhere: links, and datasets whose values
    lie in other files. Keras writes none of these.
    """
    waiting, met = [("", file)], {h5py.h5o.get_info(file.id).addr}
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, h5py.Dataset):
            _check_dataset(place, item, path)
            yield place, item
        elif isinstance(item, h5py.Group):
            for name in sorted(item, reverse=True):
                inner = f"{place}/{name}".removeprefix("/")
                if (name == "optimizer" and not place) or name == "optimizer_weights":
                    continue
                if not isinstance(item.get(name, getlink=True), h5py.HardLink):
                    raise _refused(f"{inner} is a link", path)
                waiting.append((inner, item[name]))
                address = h5py.h5o.get_info(waiting[-1][1].id).addr
                if address in met:
                    raise _refused(f"{inner} is a second name of something", path)
                met.add(address)


def _check_dataset(place: str, dataset: h5py.Dataset, path: Path) -> None:
    if dataset.external or dataset.is_virtual:
        raise _refused(f"the values of {place} lie outside of it", path)
    if dataset.dtype.kind not in NUMBERS:
        raise _refused(f"{place} holds {dataset.dtype}, not numbers", path)


def _n_bytes(dataset: h5py.Dataset) -> int:
    """Return what reading a dataset allocates: its values, and a chunk as the file has it."""
    shape = dataset.shape or (0,)
    return (math.prod(shape) + math.prod(dataset.chunks or (0,))) * dataset.dtype.itemsize


def _weights(
    file: h5py.File, datasets: dict[str, h5py.Dataset], path: Path
) -> Iterator[tuple[tuple[str, str, str], np.ndarray]]:
    """Yield (layer, weight, place in the file) and the array of every weight."""
    for place, dataset in datasets.items():
        parts = place.split("/")
        if len(parts) > 2 and parts[-2] == "vars":
            layer, weight = _of_version_3(file, parts)
        elif len(parts) > 1:
            layer, weight = _of_version_2(parts)
        else:
            continue
        if weight == "recurrent_kernel" and any(p.startswith(_BACKWARD) for p in parts):
            raise _backward(layer, path)
        yield (layer, weight, place), dataset[()]


def _of_version_3(file: h5py.File, parts: list[str]) -> tuple[str, str]:
    # layers/lstm_1/cell/vars/0: weights are numbered, the layer's own name is an attribute.
    group = parts[:-3] if parts[-3] == "cell" else parts[:-2]
    named = file["/".join([*group, "vars"])]
    count = len(file["/".join(parts[:-1])])
    known = _VARIABLES_OF_CELL if _CELL.fullmatch(parts[-3]) else _VARIABLES
    weight = known.get(count, tuple(map(str, range(count))))[int(parts[-1])]
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


def _check_lstm(name: str, flat: dict[str, np.ndarray], path: Path) -> None:
    recurrent, bias = flat.get(f"{name}/recurrent_kernel"), flat.get(f"{name}/bias")
    if recurrent is None:
        return
    hidden = recurrent.shape[0] if recurrent.ndim else 0
    biased = [] if bias is None else list(bias.shape)
    if recurrent.shape != (hidden, 4 * hidden) or biased != [4 * hidden]:
        raise InputError(
            f"layer {name} is not an LSTM with one bias (recurrent kernel "
            f"{list(recurrent.shape)}, bias {biased})",
            remedy="load it into keras.layers.LSTM(use_bias=True) and save that",
            path=path,
        )


def _refused(problem: str, path: Path) -> InputError:
    return InputError(
        f"is refused ({problem})", remedy="save it by model.save or model.save_weights", path=path
    )


def _backward(layer: Any, path: Path) -> InputError:
    return InputError(
        f"layer {layer} reads its windows backwards",
        remedy="only a forward LSTM fits: save a model that has no other",
        path=path,
    )


def _check_model(config: Any, path: Path) -> None:
    """Raise InputError where an LSTM of the saved model computes another function than ours."""
    if isinstance(config, list):
        for part in config:
            _check_model(part, path)
    if not isinstance(config, dict):
        return
    if config.get("go_backwards"):
        raise _backward(config.get("name"), path)
    if (kind := config.get("class_name")) in ("LSTM", "LSTMCell"):
        inner = config.get("config", {})
        found = inner.get("activation"), inner.get("recurrent_activation")
        if found != ("tanh", "sigmoid"):
            raise InputError(
                f"{kind} {inner.get('name')} has the activations {found[0]} and {found[1]}",
                remedy="only tanh and sigmoid fit: train it with recurrent_activation='sigmoid'",
                path=path,
            )
    for part in config.values():
        _check_model(part, path)
