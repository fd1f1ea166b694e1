"""What the IMU branch is asked in the source building, so that its LSTM learns how people move."""

from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.scaling import Scaler, centred, moments
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec

POSITION, DISPLACEMENT, MOTION = "position", "displacement", "motion"
RECONSTRUCTION, RANDOM = "reconstruction", "random"
PRETEXTS = (POSITION, DISPLACEMENT, MOTION, RECONSTRUCTION, RANDOM)
"""RANDOM asks nothing: the branch stays as it was initialised, the control of the others."""
MASKED_SHARE = 0.3


class Lesson(NamedTuple):
    """Hold windows, and what is to be told from each.

    imu: f32[N, T, 2], m/s^2 and rad/s; target: f32[N, K]
    scaler: fitted on these windows; its frame (xy_mean_m, xy_scale_m) is the target's
    """

    imu: np.ndarray
    target: np.ndarray
    scaler: Scaler


def n_targets(pretext: str, site: Site) -> int:
    """Return how many numbers a pretext asks for."""
    steps, channels = site.windows.imu.shape[1:]
    return steps * channels if pretext == RECONSTRUCTION else 2


def lesson(site: Site, rows: np.ndarray, spec: WindowSpec, pretext: str, seed: int) -> Lesson:
    """Return the lesson of a pretext from a site's training windows `rows`.

    position        where the window ends, metres (Table IV)
    displacement    its end less its start, metres
    motion          speed, m/s, and turn rate, rad/s, of the walk over the window
    reconstruction  all its samples, of which some are masked: see `masked`

    `spec` says how the site was cut. Windows without the labels they need are left out.
    Raises InputError where none has them.
    """
    if pretext == RECONSTRUCTION:
        return _reconstruction(site.windows.imu[rows], site.scaler(rows), seed)
    target, known = _asked(site, rows, spec, pretext)
    if not known.any():
        raise InputError(
            f"no window of {site.name} has the labels that the pretext {pretext!r} needs",
            remedy="set window.hop_ms so that it divides the span of a window twice or more",
        )
    rows, target = rows[known], target[known]
    scaler = site.scaler(rows)
    if pretext == DISPLACEMENT:
        scaler = _in_frame(scaler, *centred(target))
    if pretext == MOTION:
        scaler = _in_frame(scaler, *moments(target))
    return Lesson(site.windows.imu[rows], target.astype(np.float32), scaler)


def masked(imu: np.ndarray, mean: np.ndarray, seed: int) -> np.ndarray:
    """Set a random MASKED_SHARE of each window's samples to the mean, f32[2]: 0 when scaled.

    Drawn once for each seed, so that every epoch masks the same samples.
    """
    n, steps, _ = imu.shape
    order = np.random.default_rng((seed, 0x3A5C)).random((n, steps)).argsort(axis=1)
    lost = order < max(1, round(MASKED_SHARE * steps))
    return np.where(lost[:, :, None], mean, imu)


def _reconstruction(imu: np.ndarray, scaler: Scaler, seed: int) -> Lesson:
    n, steps, _ = imu.shape
    mean, std = (np.tile(of, steps) for of in (scaler.imu_mean, scaler.imu_std))
    seen = masked(imu, scaler.imu_mean, seed)
    return Lesson(seen, imu.reshape(n, -1), _in_frame(scaler, mean, std))


def _asked(
    site: Site, rows: np.ndarray, spec: WindowSpec, pretext: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the target of each window, f64[N, 2], and whether its labels are all known."""
    xy_m = site.windows.xy_m
    if pretext == POSITION:
        return xy_m[rows], np.ones(len(rows), bool)
    span_ms, hop_ms = spec.span_ms, spec.hop_ms
    start = _earlier(site, rows, span_ms)
    if pretext == DISPLACEMENT:
        return xy_m[rows] - xy_m[start], start >= 0
    after_start, before_end = (_earlier(site, rows, ms) for ms in (span_ms - hop_ms, hop_ms))
    known = np.all([start >= 0, after_start >= 0, before_end >= 0], axis=0)
    if span_ms < 2 * hop_ms:  # one step has no turn
        known = np.zeros(len(rows), bool)
    steps_m = xy_m[after_start] - xy_m[start], xy_m[rows] - xy_m[before_end]
    return _motion(*steps_m, hop_ms / 1000, max(span_ms - hop_ms, 1) / 1000), known


def _earlier(site: Site, rows: np.ndarray, by_ms: int) -> np.ndarray:
    """Return the window of the same walk that ends `by_ms` earlier, -1 where there is none."""
    end_ms = site.windows.end_ms - site.windows.end_ms.min() + by_ms
    walk_ms = end_ms.max() + 1  # longer than any walk: times of two walks never meet
    at_ms = site.trace.astype(np.int64) * walk_ms + end_ms
    found = np.searchsorted(at_ms, at_ms[rows] - by_ms)
    return np.where(at_ms[found] == at_ms[rows] - by_ms, found, -1)


def _motion(first_m: np.ndarray, last_m: np.ndarray, hop_s: float, apart_s: float) -> np.ndarray:
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
