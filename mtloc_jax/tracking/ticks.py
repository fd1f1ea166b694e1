"""What is known of a walk, laid out tick by tick in arrays of a fixed size, for `lax.scan`."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.evidence import Fixes, Moves

TICK_MS = 100


class Prior(NamedTuple):
    """Hold where a phone is before anything is heard: mean_m f64[2], sd_m of either coordinate."""

    mean_m: np.ndarray
    sd_m: float


class Fix(NamedTuple):
    """Hold a fix as a filter meets it, or an array of them [...]; what is absent is 0 throughout.

    fix_m:   f[2], relative to the prior's mean; fix_var: f[], m^2 of either coordinate
    since_m: f[2], how the phone moved since it was heard; since_var: f[], m^2; since_s: f[]
    weight:  f[], 1 where there is a fix
    """

    fix_m: np.ndarray
    fix_var: np.ndarray
    since_s: np.ndarray
    since_m: np.ndarray
    since_var: np.ndarray
    weight: np.ndarray


class Ticks(NamedTuple):
    """Hold K ticks with room for F fixes each, the fields of `Fix` last.

    seconds: f[K], how long a tick is; 0 where it only fills up
    known:   f[K], 1 where the phone's motion is known; else it has a velocity to find
    moved_m: f[K, 2]; moved_var: f[K], m^2 of either coordinate
    fix_m:   f[K, F, 2]; since_m: f[K, F, 2]; fix_var, since_s, since_var, weight: f[K, F]
    """

    seconds: np.ndarray
    known: np.ndarray
    moved_m: np.ndarray
    moved_var: np.ndarray
    fix_m: np.ndarray
    fix_var: np.ndarray
    since_s: np.ndarray
    since_m: np.ndarray
    since_var: np.ndarray
    weight: np.ndarray


SLOTTED = len(Ticks._fields) - len(Fix._fields)
"""The fields of `Ticks` from here on have room for F fixes a tick."""


LEAST_PRIOR_M = 4.0
"""A survey of one place does not say that a phone is there."""


def survey_prior(xy_m: np.ndarray) -> Prior:
    """Return the mean and spread of surveyed positions f64[S, 2], LEAST_PRIOR_M at least.

    Raises InputError on none.
    """
    if not len(xy_m):
        raise InputError("a survey without a position gives no prior", remedy="survey the floor")
    mean_m = xy_m.mean(axis=0)
    return Prior(mean_m, max(float(np.sqrt(((xy_m - mean_m) ** 2).mean())), LEAST_PRIOR_M))


def no_moves(from_ms: int, to_ms: int) -> Moves:
    """Return moves of nothing, in ticks of TICK_MS; the last may end after `to_ms`."""
    count = max(1, -(-(to_ms - from_ms) // TICK_MS))
    t_ms = from_ms + TICK_MS * np.arange(count + 1, dtype=np.int64)
    return Moves(t_ms, np.zeros((count, 2)), np.zeros(count))


def arranged(
    moves: Moves, fixes: Fixes, known_ms: np.ndarray, prior: Prior, *, motion: bool = True
) -> Ticks:
    """Lay out a walk: each fix in the tick during which it becomes known.

    known_ms: i64[S], `fixes.arrived_ms` for a filter that must not look ahead; `fixes.heard_ms`
              for a smoother. What is known before the ticks begin counts in the first; what is
              known after they end is left out.
    motion:   whether the moves say how the phone moved, or are but the ticks of `no_moves`
    """
    ends_ms = moves.t_ms[1:]
    tick = np.searchsorted(ends_ms, known_ms)
    used = np.argsort(known_ms, kind="stable")
    used = used[tick[used] < len(ends_ms)]
    tick = tick[used]
    slot = np.arange(len(tick)) - np.searchsorted(tick, tick)
    shape = len(ends_ms), max(1, int(slot.max(initial=0)) + 1)
    moved_var = moves.sigma_m**2
    since_m = _since(moves.t_ms, moves.moved_m, tick, fixes.heard_ms[used])
    since_var = _since(moves.t_ms, moved_var[:, None], tick, fixes.heard_ms[used])[:, 0]
    since_s = (ends_ms[tick] - fixes.heard_ms[used]) / 1000
    return Ticks(
        np.diff(moves.t_ms) / 1000,
        np.full(len(ends_ms), float(motion)),
        moves.moved_m,
        moved_var,
        _placed(shape, tick, slot, fixes.xy_m[used] - prior.mean_m),
        _placed(shape, tick, slot, fixes.sigma_m[used] ** 2),
        _placed(shape, tick, slot, since_s),
        _placed(shape, tick, slot, since_m),
        _placed(shape, tick, slot, since_var),
        _placed(shape, tick, slot, np.ones(len(tick))),
    )


def stacked(walks: Sequence[Ticks], multiple: int = 1) -> Ticks:
    """Return walks, at least one, side by side [W, K, ...], the shorter filled up with nothing.

    multiple: of which K shall be one, so that walks of like length share a compiled program
    """
    ticks = multiple * max(-(-len(walk.seconds) // multiple) for walk in walks)
    slots = max(walk.weight.shape[1] for walk in walks)
    return Ticks._make(
        np.stack([_filled(part, ticks, slots, at >= SLOTTED) for part in parts])
        for at, parts in enumerate(zip(*walks, strict=True))
    )


def _since(t_ms: np.ndarray, moved: np.ndarray, tick: np.ndarray, from_ms: np.ndarray):
    """Sum what moved f[K, D] from `from_ms` i64[S] to the ends of the ticks i64[S], f[S, D]."""
    so_far = np.concatenate([np.zeros((1, moved.shape[1])), np.cumsum(moved, axis=0)])
    then = [np.interp(from_ms, t_ms, column) for column in so_far.T]
    return so_far[tick + 1] - np.stack(then, axis=1)


def _placed(shape: tuple[int, int], tick: np.ndarray, slot: np.ndarray, values: np.ndarray):
    table = np.zeros(shape + values.shape[1:])
    table[tick, slot] = values
    return table


def _filled(part: np.ndarray, ticks: int, slots: int, slotted: bool) -> np.ndarray:
    gaps = [(0, ticks - len(part))] + [(0, 0)] * (part.ndim - 1)
    if slotted:
        gaps[1] = 0, slots - part.shape[1]
    return np.pad(part, gaps)
