"""Fit what a network needs to know of its training windows: means, spreads, frame, heard APs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Leaf = Any
"""An array: of numpy outside a compiled program, of JAX inside; perhaps stacked over runs."""


class Scaler(NamedTuple):
    """Map physical units to network units and back; fitted on the training windows in use.

    imu_mean, imu_std: f32[2], m/s^2 and rad/s
    mag_mean, mag_std: f32[C], microtesla
    wifi_floor_dbm:    f32[], just below the weakest reading: maps to 0, as "not heard" does
    wifi_span_db:      f32[], floor to strongest reading: maps to 1
    wifi_heard:        bool[A], access points heard in these windows; the others read "not heard"
    wifi_mean:         f32[A], mean scaled fingerprint (a "training mean" wipe)
    xy_mean_m:         f32[2], frame origin: the mean position, or the least (`unit`)
    xy_scale_m:        f32[], one scale for both axes, so that squared error stays metric
    """

    imu_mean: Leaf
    imu_std: Leaf
    mag_mean: Leaf
    mag_std: Leaf
    wifi_floor_dbm: Leaf
    wifi_span_db: Leaf
    wifi_heard: Leaf
    wifi_mean: Leaf
    xy_mean_m: Leaf
    xy_scale_m: Leaf


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


def fit(
    imu: np.ndarray,
    mag: np.ndarray,
    wifi_dbm: np.ndarray,
    scan: np.ndarray,
    xy_m: np.ndarray,
    frame: Frame = centred,
) -> Scaler:
    """Fit a scaler on training windows.

    imu: f32[N, T, 2], m/s^2 and rad/s; mag: f32[N, T, C], microtesla; wifi_dbm: f32[S, A], one
    row per scan, NaN where not heard; scan: i32[N], the window's row; xy_m: f64[N, 2]
    """
    counts = np.bincount(scan, minlength=len(wifi_dbm)).astype(np.float64)
    rows = np.flatnonzero(counts)
    heard_rows = wifi_dbm[rows]
    heard = ~np.isnan(heard_rows)
    any_heard = bool(heard.any())
    weakest = float(np.nanmin(heard_rows)) if any_heard else -100.0
    strongest = float(np.nanmax(heard_rows)) if any_heard else -40.0
    floor, span = weakest - 1.0, strongest - weakest + 1.0
    scaled = np.where(heard, (heard_rows - floor) / span, 0.0)
    return Scaler(
        *moments(imu),
        *moments(mag),
        np.float32(floor),
        np.float32(span),
        heard.any(axis=0),
        (counts[rows] @ scaled / counts.sum()).astype(np.float32),
        *frame(xy_m),
    )


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and spread f32[C] of each channel of x: [N, ..., C]."""
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    # A sensor that never moved in training has no spread; 1 leaves it in its own unit.
    std = flat.std(axis=0)
    return flat.mean(axis=0).astype(np.float32), np.where(std > 0, std, 1.0).astype(np.float32)
