"""Physical units to network units and back, inside the compiled program."""

from typing import Any

import chex
import jax

from mtloc_jax.modalities import MODALITIES, Leaf
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays

Inputs = dict[str, Leaf]
"""What the branches read, scaled: f32[B, T, C] of a sensor, f32[B, A] of scans."""


def scaled(data: Arrays, scaler: Scaler, rows: Any) -> Inputs:
    """Return the scaled windows at `rows`; an access point not heard reads 0."""
    return {name: scaled_one(data, scaler, rows, name) for name in data.inputs}


def scaled_one(data: Arrays, scaler: Scaler, rows: Any, name: str) -> Leaf:
    """Return one modality of the scaled windows at `rows`."""
    return MODALITIES[name].scaled(data.inputs[name].at(rows), scaler.inputs[name])


def check(data: Arrays) -> None:
    """Raise AssertionError, at tracing, where arrays do not have the shapes of `Arrays`.

    Of what is no modality, but made of some for one problem, only the number of rows is known.
    """
    chex.assert_rank(data.target, 2)
    for name, held in data.inputs.items():
        of_window = held.values if held.row is None else held.row
        chex.assert_equal_shape_prefix((of_window, data.target), 1, custom_message=name)
        if name in MODALITIES:
            chex.assert_rank(held.values, 3 if MODALITIES[name].sampled else 2)


def scaled_xy(xy_m: jax.Array, scaler: Scaler) -> jax.Array:
    """Scale positions f32[B, 2] from metres, or what a pretext asks from its units."""
    return (xy_m - scaler.xy_mean_m) / scaler.xy_scale_m


def metres(xy: jax.Array, scaler: Scaler) -> jax.Array:
    """Return scaled positions f32[B, 2] in metres."""
    return xy * scaler.xy_scale_m + scaler.xy_mean_m
