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
OWN_UNITS = "spreads of its building"


class Lesson(NamedTuple):
    """Hold windows, and what is to be told from each.

    imu: f32[N, T, 2], m/s^2 and rad/s; target: f32[N, K]
    scaler: fitted on these windows; its frame (xy_mean_m, xy_scale_m) is the target's
    """

    imu: np.ndarray
    target: np.ndarray
    scaler: Scaler


class Quantity(NamedTuple):
    """Name some of what a pretext asks for, and the unit of its errors.

    columns: of the targets; joint: whether they are axes of one vector, whose errors are distances
    """

    name: str
    unit: str
    columns: slice = slice(None)
    joint: bool = False

    def error(self, told: np.ndarray, target: np.ndarray) -> float:
        """Return the mean error of what was told f[N, K] of targets f[N, K], in the unit."""
        apart = (told - target)[:, self.columns].astype(np.float64)
        return float((np.linalg.norm(apart, axis=1) if self.joint else np.abs(apart)).mean())


@dataclass(frozen=True)
class Pretext:
    """Say what is asked of the windows at `rows` of a site.

    asked:     (site, rows, window, rows that units are fitted on) -> target f[n, K], NaN where the
               labels are lacking; None where nothing is asked
    quantities: what its targets are, and in which units they are judged
    frame:     (target, scaler of the windows) -> what scales the target, mean and spread
    masks:     whether samples are masked: see `masked`
    n_targets: how many numbers, by the shape (T, C) of a window
    """

    asked: Callable[[Site, np.ndarray, Window, np.ndarray], np.ndarray] | None
    quantities: tuple[Quantity, ...] = ()
    frame: Callable[[np.ndarray, Scaler], tuple[Any, Any]] = lambda target, _: centred(target)
    masks: bool = False
    n_targets: Callable[[tuple[int, ...]], int] = lambda shape: 2


def n_targets(pretext: str, site: Site) -> int:
    """Return how many numbers a pretext asks for."""
    return PRETEXTS.named(pretext).n_targets(site.shapes()["imu"])


def quantities(pretext: str, site: Site) -> tuple[Quantity, ...]:
    """Return what a pretext asks for, in the units that it has in a site."""
    found = PRETEXTS.named(pretext).quantities
    if isinstance(site, Pool) and pretext == POSITION:
        return tuple(one._replace(unit=OWN_UNITS) for one in found)
    return found


def lesson(
    site: Site,
    rows: np.ndarray,
    window: Window,
    pretext: str,
    seed: int,
    taught_on: np.ndarray | None = None,
) -> Lesson:
    """Return the lesson of a pretext from a site's windows `rows`.

    `window` says how the site was cut. Windows without the labels they need are left out. The
    scaler is fitted on them, which must be training windows; or on `taught_on`, those of the lesson
    that these windows examine.
    Raises InputError where none has its labels, or the pretext asks nothing.
    """
    made = PRETEXTS.named(pretext)
    if made.asked is None:
        raise InputError(f"the pretext {pretext!r} asks nothing", remedy="choose another")
    if taught_on is not None:
        scaler = lesson(site, taught_on, window, pretext, seed).scaler
    target = made.asked(site, rows, window, rows if taught_on is None else taught_on)
    known = np.isfinite(target).all(axis=1)
    if not known.any():
        raise InputError(
            f"no window of {site.name} has the labels that the pretext {pretext!r} needs",
            remedy="set window.hop_ms so that it divides the span of a window twice or more",
        )
    rows, target = rows[known], target[known]
    if taught_on is None:
        fitted = site.scaler(rows)
        mean, scale = made.frame(target, fitted)
        scaler = fitted._replace(xy_mean_m=mean, xy_scale_m=scale)
    imu = site.windows.inputs["imu"][rows]
    seen = masked(imu, scaler.inputs["imu"].mean, seed) if made.masks else imu
    return Lesson(seen, target.astype(np.float32), scaler)


def _position(site: Site, rows: np.ndarray, window: Window, fitted_on: np.ndarray) -> np.ndarray:
    """Ask where the window ends, metres (Table IV); of a pool, in its own building's units."""
    return site.own_units(rows, fitted_on) if isinstance(site, Pool) else site.windows.xy_m[rows]


def _displacement(site: Site, rows: np.ndarray, window: Window, _: np.ndarray) -> np.ndarray:
    """Ask for the window's end less its start, metres."""
    start = _earlier(site, rows, window.span_ms)
    xy_m = site.windows.xy_m
    return _where(start >= 0, xy_m[rows] - xy_m[start])


def _motion(site: Site, rows: np.ndarray, window: Window, _: np.ndarray) -> np.ndarray:
    """Ask for speed, m/s, and turn rate, rad/s, of the walk over the window."""
    span_ms, hop_ms, xy_m = window.span_ms, window.hop_ms, site.windows.xy_m
    start = _earlier(site, rows, span_ms)
    after_start, before_end = (_earlier(site, rows, ms) for ms in (span_ms - hop_ms, hop_ms))
    known = np.all([start >= 0, after_start >= 0, before_end >= 0], axis=0)
    if span_ms < 2 * hop_ms:  # one step has no turn
        known = np.zeros(len(rows), bool)
    steps_m = xy_m[after_start] - xy_m[start], xy_m[rows] - xy_m[before_end]
    told = _speed_and_turn(*steps_m, hop_ms / 1000, max(span_ms - hop_ms, 1) / 1000)
    return _where(known, told)


def _reconstruction(site: Site, rows: np.ndarray, window: Window, _: np.ndarray) -> np.ndarray:
    """Ask for all samples of a window, one after the other."""
    return site.windows.inputs["imu"][rows].reshape(len(rows), -1)


def _spread_of(target: np.ndarray, _: Scaler) -> tuple[np.ndarray, np.ndarray]:
    fitted = moments(target)
    return fitted.mean, fitted.std


def _spread_of_samples(target: np.ndarray, scaler: Scaler) -> tuple[np.ndarray, np.ndarray]:
    fitted = scaler.inputs["imu"]
    steps = target.shape[1] // len(fitted.mean)
    return np.tile(fitted.mean, steps), np.tile(fitted.std, steps)


PRETEXTS: Registry[Pretext] = Registry("pretext")
"""Every pretext by its name; "random" asks nothing: the branch stays as it was initialised, the
control of the others."""
PRETEXTS |= {
    POSITION: Pretext(_position, (Quantity("position", "m", joint=True),)),
    "displacement": Pretext(_displacement, (Quantity("displacement", "m", joint=True),)),
    "motion": Pretext(
        _motion,
        (Quantity("speed", "m/s", slice(0, 1)), Quantity("turn rate", "rad/s", slice(1, 2))),
        _spread_of,
    ),
    "reconstruction": Pretext(
        _reconstruction,
        (
            Quantity("acceleration", "m/s^2", slice(0, None, 2)),
            Quantity("rotation", "rad/s", slice(1, None, 2)),
        ),
        _spread_of_samples,
        masks=True,
        n_targets=lambda shape: int(np.prod(shape)),
    ),
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


def _where(known: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.where(known[:, None], target, np.nan)


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
