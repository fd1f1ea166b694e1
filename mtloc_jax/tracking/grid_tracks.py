"""Where phones were by the grid filter, causally and offline, from what experts say of walks."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.evidence import Fixes, Track
from mtloc_jax.sites.windows import interpolate
from mtloc_jax.tracking import grid
from mtloc_jax.tracking.cells import Cells, between
from mtloc_jax.tracking.grid import Placed, Steps
from mtloc_jax.tracking.tracks import Located, Walk, ticks_of

STEP_MS = 1000
TOGETHER = 64
"""Steps are filled up to a multiple of it, so that walks share a compiled program."""
SIDE_BY_SIDE = 8
"""Walks whose tables are held at a time."""


class GridModel(NamedTuple):
    """Hold what a grid filter assumes.

    fix_var:  factor on the variance that experts state of their fixes
    tail:     1 / degrees of freedom of a fix; 0: Gaussian
    turn_rad: sd of the heading, step by step: what a move adds across it, and along it
    prior_per_s: how many times the floor's prior counts in a second
    wander_m2_per_s: what a second adds to a position where no motion is known
    """

    fix_var: float = 3.0
    tail: float = 0.1
    turn_rad: float = 0.2
    prior_per_s: float = 0.1
    wander_m2_per_s: float = 16.0


class Floor(NamedTuple):
    """Hold a floor's cells and how likely they are: log_prior f64[E, N], up to a constant."""

    cells: Cells
    log_prior: np.ndarray


class _Laid(NamedTuple):
    """Hold a walk in steps; end: i64[K], the ticks at whose ends they end; moved_m: f64[T + 1, 2],
    by the ends of ticks; known: bool[K], whether anything had become known."""

    steps: Steps
    end: np.ndarray
    t_ms: np.ndarray
    moved_m: np.ndarray
    known: np.ndarray


def said_by(fixes: Fixes, cells: Cells, model: GridModel | None = None) -> np.ndarray:
    """Return the log likelihood f64[S, E, N] of cells by fixes of Student's t-distribution."""
    model = GridModel() if model is None else model
    away = ((cells.centres_m - fixes.xy_m[:, None, None]) ** 2).sum(axis=-1)
    away /= model.fix_var * fixes.sigma_m[:, None, None] ** 2
    if not model.tail:
        return -away / 2
    return -(1 / model.tail + 2) / 2 * np.log1p(model.tail * away)


def located(
    walks: Sequence[Walk],
    said: Sequence[np.ndarray],
    floor: Floor,
    model: GridModel | None = None,
) -> list[Located]:
    """Locate walks by what scans say of cells, f64[S, E, N] a walk, at the place they were heard.

    Of the fixes their times alone count. Steps take a second, and end where something becomes
    known. Between them a causal position goes on as the phone moved. Without a scan so far a
    causal position is the prior of the walk, and so is all of a walk without any.
    """
    model = GridModel() if model is None else model
    tracks = []
    for track_of, program, known in (
        (_after_steps, _causal, "arrived_ms"),
        (_between_steps, _offline, "heard_ms"),
    ):
        laid = [
            _laid(walk, getattr(walk.fixes, known), of_cells, floor.cells, model)
            for walk, of_cells in zip(walks, said, strict=True)
        ]
        tracks.append(
            [
                track_of(walk, one, placed, floor.cells)
                for walk, one, placed in zip(walks, laid, _run(program, laid, floor), strict=True)
            ]
        )
    return [Located(*pair) for pair in zip(*tracks, strict=True)]


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def _causal(log_prior: jax.Array, steps: Steps) -> Placed:
    return grid.placed(grid.filtered(log_prior, grid.begin(log_prior), steps)[1][0])


@jax.jit
@partial(jax.vmap, in_axes=(None, 0))
def _offline(log_prior: jax.Array, steps: Steps) -> Placed:
    made = grid.filtered(log_prior, grid.begin(log_prior), steps)[1]
    return grid.placed(grid.smoothed(made))


def _run(program: Callable, laid: Sequence[_Laid], floor: Floor) -> Iterator[Placed]:
    """Yield where each walk is at the ends of its steps, SIDE_BY_SIDE walks at a time."""
    longest = TOGETHER * max((-(-len(one.end) // TOGETHER) for one in laid), default=0)
    for first in range(0, len(laid), SIDE_BY_SIDE):
        some = laid[first : first + SIDE_BY_SIDE]
        steps = Steps._make(
            jnp.stack([_filled(part, longest) for part in parts])
            for parts in zip(*(one.steps for one in some), strict=True)
        )
        found = [np.asarray(part) for part in program(jnp.asarray(floor.log_prior), steps)]
        for at, one in enumerate(some):
            yield Placed(*(part[at, : len(one.end)] for part in found))


def _filled(part: np.ndarray, count: int) -> np.ndarray:
    return np.pad(part, [(0, count - len(part))] + [(0, 0)] * (part.ndim - 1))


def _laid(
    walk: Walk, known_ms: np.ndarray, said: np.ndarray, cells: Cells, model: GridModel
) -> _Laid:
    moves = ticks_of(walk)
    per_tick = moves.sigma_m**2
    if walk.moves is None:
        per_tick = model.wander_m2_per_s * np.diff(moves.t_ms) / 1000
    moved_m = np.concatenate([np.zeros((1, 2)), np.cumsum(moves.moved_m, axis=0)])
    tick = np.searchsorted(moves.t_ms[1:], known_ms)
    marks_ms = np.arange(moves.t_ms[0] + STEP_MS, moves.t_ms[-1], STEP_MS)
    marks = np.append(np.searchsorted(moves.t_ms[1:], marks_ms), len(per_tick) - 1)
    used = np.flatnonzero(tick < len(per_tick))
    end = np.unique(np.concatenate([marks, tick[used]]))
    first = np.concatenate([[0], end[:-1] + 1])
    step_m = np.diff(np.concatenate([moved_m[:1], moved_m[end + 1]]), axis=0)
    var = np.add.reduceat(per_tick, first) + model.turn_rad**2 * (step_m**2).sum(axis=1) / 2
    told = np.zeros((len(end), *cells.shape))
    for scan in used:
        step = np.searchsorted(end, tick[scan])
        then_m = [np.interp(walk.fixes.heard_ms[scan], moves.t_ms, part) for part in moved_m.T]
        told[step] += between(cells, said[scan], then_m - moved_m[end[step] + 1])
    known = np.zeros(len(end), bool)
    known[np.searchsorted(end, tick[used])] = True
    seconds = np.diff(np.concatenate([moves.t_ms[:1], moves.t_ms[end + 1]])) / 1000
    steps = Steps(step_m / cells.cell_m, var / cells.cell_m**2, model.prior_per_s * seconds, told)
    return _Laid(steps, end, moves.t_ms, moved_m, np.maximum.accumulate(known))


def _after_steps(walk: Walk, laid: _Laid, placed: Placed, cells: Cells) -> Track:
    """Go on from the newest step that had ended, as the phone moved up to the newest tick."""
    start_m = cells.first_m + placed.mean * cells.cell_m - laid.moved_m[laid.end + 1]
    tick = np.maximum(np.searchsorted(laid.t_ms, walk.t_ms, side="right") - 1, 0)
    step = np.searchsorted(laid.t_ms[laid.end + 1], walk.t_ms, side="right") - 1
    known = (step >= 0) & laid.known[np.maximum(step, 0)]
    xy_m = np.where(known[:, None], start_m[step] + laid.moved_m[tick], walk.prior.mean_m)
    return Track(walk.t_ms, xy_m, np.where(known, placed.sd[step] * cells.cell_m, walk.prior.sd_m))


def _between_steps(walk: Walk, laid: _Laid, placed: Placed, cells: Cells) -> Track:
    """Follow the moves, and between the ends of steps what corrects them on straight lines."""
    if not laid.known[-1]:
        count = len(walk.t_ms)
        xy_m = np.tile(walk.prior.mean_m, (count, 1))
        return Track(walk.t_ms, xy_m, np.full(count, walk.prior.sd_m))
    start_m = cells.first_m + placed.mean * cells.cell_m - laid.moved_m[laid.end + 1]
    end_ms = laid.t_ms[laid.end + 1]
    xy_m = interpolate(end_ms, start_m, walk.t_ms) + interpolate(laid.t_ms, laid.moved_m, walk.t_ms)
    return Track(walk.t_ms, xy_m, np.interp(walk.t_ms, end_ms, placed.sd * cells.cell_m))
