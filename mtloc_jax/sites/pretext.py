"""What the IMU branch is asked in the source building, so that its LSTM learns how people move."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.modalities import moments
from mtloc_jax.registry import Registry
from mtloc_jax.settings import Window
from mtloc_jax.sites.pooled import Pool
from mtloc_jax.sites.scaling import Scaler, centred
from mtloc_jax.sites.site import Site

POSITION, RANDOM = "position", "random"
MASKED_SHARE = 0.3


class Lesson(NamedTuple):
    """Hold windows, and what is to be told from each.

    imu: f32[N, T, 2], m/s^2 and rad/s; target: f32[N, K]
    scaler: fitted on these windows; its frame (xy_mean_m, xy_scale_m) is the target's
    """

    imu: np.ndarray
    target: np.ndarray
    scaler: Scaler


@dataclass(frozen=True)
class Pretext:
    """Say what is asked of the windows at `rows` of a site.

    lesson:    (site, rows, window, seed) -> Lesson; None where nothing is asked
    n_targets: how many numbers, by the shape (T, C) of a window
    """

    lesson: Callable[[Site, np.ndarray, Window, int], Lesson] | None
    n_targets: Callable[[tuple[int, ...]], int] = lambda shape: 2


def n_targets(pretext: str, site: Site) -> int:
    """Return how many numbers a pretext asks for."""
    return PRETEXTS.named(pretext).n_targets(site.shapes()["imu"])


def lesson(site: Site, rows: np.ndarray, window: Window, pretext: str, seed: int) -> Lesson:
    """Return the lesson of a pretext from a site's training windows `rows`.

    `window` says how the site was cut. Windows without the labels they need are left out.
    Raises InputError where none has them, or the pretext asks nothing.
    """
    make = PRETEXTS.named(pretext).lesson
    if make is None:
        raise InputError(f"the pretext {pretext!r} asks nothing", remedy="choose another")
    return make(site, rows, window, seed)


def _position(site: Site, rows: np.ndarray, window: Window, seed: int) -> Lesson:
    """Ask where the window ends, metres (Table IV); of a pool, in its own building's units."""
    imu, scaler = site.windows.inputs["imu"][rows], site.scaler(rows)
    if isinstance(site, Pool):
        frame = np.zeros(2, np.float32), np.float32(1)
        return Lesson(imu, site.own_units(rows), _in_frame(scaler, *frame))
    return Lesson(imu, site.windows.xy_m[rows].astype(np.float32), scaler)


def _displacement(site: Site, rows: np.ndarray, window: Window, seed: int) -> Lesson:
    """Ask for the window's end less its start, metres."""
    start = _earlier(site, rows, window.span_ms)
    xy_m = site.windows.xy_m
    return _framed(site, rows, xy_m[rows] - xy_m[start], start >= 0, "displacement", centred)


def _motion(site: Site, rows: np.ndarray, window: Window, seed: int) -> Lesson:
    """Ask for speed, m/s, and turn rate, rad/s, of the walk over the window."""
    span_ms, hop_ms, xy_m = window.span_ms, window.hop_ms, site.windows.xy_m
    start = _earlier(site, rows, span_ms)
    after_start, before_end = (_earlier(site, rows, ms) for ms in (span_ms - hop_ms, hop_ms))
    known = np.all([start >= 0, after_start >= 0, before_end >= 0], axis=0)
    if span_ms < 2 * hop_ms:  # one step has no turn
        known = np.zeros(len(rows), bool)
    steps_m = xy_m[after_start] - xy_m[start], xy_m[rows] - xy_m[before_end]
    target = _speed_and_turn(*steps_m, hop_ms / 1000, max(span_ms - hop_ms, 1) / 1000)
    return _framed(site, rows, target, known, "motion", moments)


def _reconstruction(site: Site, rows: np.ndarray, window: Window, seed: int) -> Lesson:
    """Ask for all its samples, of which some are masked: see `masked`."""
    imu, scaler = site.windows.inputs["imu"][rows], site.scaler(rows)
    n, steps, _ = imu.shape
    fitted = scaler.inputs["imu"]
    frame = (np.tile(of, steps) for of in fitted)
    return Lesson(masked(imu, fitted.mean, seed), imu.reshape(n, -1), _in_frame(scaler, *frame))


PRETEXTS: Registry[Pretext] = Registry("pretext")
"""Every pretext by its name; "random" asks nothing: the branch stays as it was initialised, the
control of the others."""
PRETEXTS |= {
    POSITION: Pretext(_position),
    "displacement": Pretext(_displacement),
    "motion": Pretext(_motion),
    "reconstruction": Pretext(_reconstruction, lambda shape: int(np.prod(shape))),
    RANDOM: Pretext(None),
}


def masked(imu: np.ndarray, mean: np.ndarray, seed: int) -> np.ndarray:
    """Set a random MASKED_SHARE of each window's samples to the mean, f32[2]: 0 when scaled.

    Drawn once for each seed, so that every epoch masks the same samples.
    """
    n, steps, _ = imu.shape
    order = np.random.default_rng((seed, 0x3A5C)).random((n, steps)).argsort(axis=1)
    lost = order < max(1, round(MASKED_SHARE * steps))
    return np.where(lost[:, :, None], mean, imu)


def _framed(
    site: Site,
    rows: np.ndarray,
    target: np.ndarray,
    known: np.ndarray,
    pretext: str,
    frame: Callable[[np.ndarray], tuple[np.ndarray, Any]],
) -> Lesson:
    """Return the lesson of the windows whose labels are all known."""
    if not known.any():
        raise InputError(
            f"no window of {site.name} has the labels that the pretext {pretext!r} needs",
            remedy="set window.hop_ms so that it divides the span of a window twice or more",
        )
    rows, target = rows[known], target[known]
    scaler = _in_frame(site.scaler(rows), *frame(target))
    return Lesson(site.windows.inputs["imu"][rows], target.astype(np.float32), scaler)


def _earlier(site: Site, rows: np.ndarray, by_ms: int) -> np.ndarray:
    """Return the window of the same walk that ends `by_ms` earlier, -1 where there is none."""
    end_ms = site.windows.end_ms - site.windows.end_ms.min() + by_ms
    walk_ms = end_ms.max() + 1  # longer than any walk: times of two walks never meet
    at_ms = site.trace.astype(np.int64) * walk_ms + end_ms
    found = np.searchsorted(at_ms, at_ms[rows] - by_ms)
    return np.where(at_ms[found] == at_ms[rows] - by_ms, found, -1)


def _speed_and_turn(
    first_m: np.ndarray, last_m: np.ndarray, hop_s: float, apart_s: float
) -> np.ndarray:
    """Return speed and turn rate, f64[N, 2], from a window's first and last step, f64[N, 2].

    The speed is the mean of the two steps'; the turn is from one's heading to the other's, 0 where
    one stands still.
    """
    length_m = np.hypot(*first_m.T) + np.hypot(*last_m.T)
    cross = first_m[:, 0] * last_m[:, 1] - first_m[:, 1] * last_m[:, 0]
    turn = np.arctan2(cross, np.sum(first_m * last_m, axis=1))
    return np.stack([length_m / 2 / hop_s, turn / apart_s], axis=1)


def _in_frame(scaler: Scaler, mean: np.ndarray, scale: np.ndarray | np.floating) -> Scaler:
    return scaler._replace(xy_mean_m=mean, xy_scale_m=scale)
