"""Fit what a network needs to know of its training windows: each modality's scale, the frame."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.modalities import MODALITIES, Held, Leaf


class Scaler(NamedTuple):
    """Map physical units to network units and back; fitted on the training windows in use.

    inputs:  what each modality's `fit` returns
    xy_mean_m:  f32[2], frame origin: the mean position, or the least (`unit`)
    xy_scale_m: f32[], one scale for both axes, so that squared error stays metric
    """

    inputs: dict[str, Any]
    xy_mean_m: Leaf
    xy_scale_m: Leaf

    def plain(self) -> dict[str, Any]:
        """Return it as nested dicts of arrays, what `read_back` takes."""
        inputs = {name: fitted._asdict() for name, fitted in self.inputs.items()}
        return self._asdict() | {"inputs": inputs}


Frame = Callable[[np.ndarray], tuple[np.ndarray, np.floating]]
"""Positions [N, 2] to their origin f32[2] and the one scale f32[] of both axes, metres."""


def centred(xy_m: np.ndarray) -> tuple[np.ndarray, np.floating]:
    """Return the frame whose positions have mean 0 and spread 1.

    The scale is their root mean square distance from the origin along an axis, 1 mm at least.
    """
    xy_mean = xy_m.mean(axis=0)
    scale = max(float(np.sqrt(np.mean((xy_m - xy_mean) ** 2))), 1e-3)
    return xy_mean.astype(np.float32), np.float32(scale)


def unit(xy_m: np.ndarray) -> tuple[np.ndarray, np.floating]:
    """Return the frame whose positions lie in 0..1, and span it along the longer axis.

    An output that is never negative can reach them all. The scale is 1 mm at least.
    """
    least = xy_m.min(axis=0)
    scale = max(float(np.max(xy_m - least)), 1e-3)
    return least.astype(np.float32), np.float32(scale)


FRAMES: dict[str, Frame] = {"linear": centred, "relu": unit}
"""How positions are scaled for each output layer, so that it can reach them all."""


def fit(inputs: Mapping[str, Held], xy_m: np.ndarray, frame: Frame = centred) -> Scaler:
    """Fit a scaler on training windows; xy_m: f64[N, 2]."""
    return Scaler({name: MODALITIES[name].fit(held) for name, held in inputs.items()}, *frame(xy_m))


def read_back(plain: Mapping[str, Any]) -> Scaler:
    """Return the scaler that `Scaler.plain` made, of lists or arrays.

    Raises KeyError or TypeError where it is not one.
    """
    inputs = {
        name: MODALITIES[name].fitted(**{k: _array(v) for k, v in fitted.items()})
        for name, fitted in plain["inputs"].items()
    }
    return Scaler(inputs, _array(plain["xy_mean_m"]), _array(plain["xy_scale_m"]))


def _array(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array if array.dtype == bool else array.astype(np.float32)
