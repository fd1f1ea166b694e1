"""Where phones were by the grid filter, causally and offline, from what experts say of walks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

import jax
import numpy as np
from jax import lax

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
"""Walks that are held, and filtered, at a time."""


class GridModel(NamedTuple):
    """Hold what a grid filter assumes.

    fix_var:  factor on the variance that experts state of their fixes
    tail:     1 / degrees of freedom of a fix; 0: Gaussian
    turn_rad: sd of the heading, step by step: what a move adds across it, and along it
    prior_per_s: how many times the floor's prior counts in a second, as if it were heard anew. In
              the transition instead, where who stands is told nothing by it, it erred more: 5-NN
              with steps on 446 walks of site1, causal, +0.14 m [+0.09, +0.19]
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


class Laid(NamedTuple):
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
    said: Iterable[np.ndarray],
    floors: Sequence[Floor],
    model: GridModel | None = None,
) -> list[Located]:
    """Locate walks by what scans say of cells, f64[S, E, N] a walk, at the place they were heard.

    floors: of each walk, with as many cells
    Of the fixes their times alone count. Steps take a second, and end where something becomes
    known. Between them a causal position goes on as the phone moved. Without a scan so far a
    causal position is the prior of the walk, and so is all of a walk without any.
    """
    model = GridModel() if model is None else model
    found: list[Located] = []
    # A few at a time: what is said of cells, step by step, takes megabytes a walk.
    every = zip(walks, said, floors, strict=True)
    while some := list(islice(every, SIDE_BY_SIDE)):
        tracks = []
        for track_of, program, known in (
            (after_steps, _causal, "arrived_ms"),
            (_between_steps, _offline, "heard_ms"),
        ):
            lined = [
                laid(walk, getattr(walk.fixes, known), of_cells, floor.cells, model)
                for walk, of_cells, floor in some
            ]
            places = _run(program, lined, [floor for _, _, floor in some])
            tracks.append(
                [
                    track_of(walk, one, placed, floor.cells)
                    for (walk, _, floor), one, placed in zip(some, lined, places, strict=True)
                ]
            )
        found.extend(Located(*pair) for pair in zip(*tracks, strict=True))
    return found


def _causal(log_prior: jax.Array, steps: Steps) -> Placed:
    floor = grid.ground(log_prior)

    def one(belief: grid.Belief, step: Steps) -> tuple[grid.Belief, Placed]:
        belief, _ = grid.step(floor, belief, step)
        return belief, grid.placed(belief)  # here, and so as who goes step by step has it

    return lax.scan(one, grid.begin(log_prior), steps)[1]


def _offline(log_prior: jax.Array, steps: Steps) -> Placed:
    made = grid.filtered(log_prior, grid.begin(log_prior), steps)[1]
    return grid.placed(grid.smoothed(made))


@partial(jax.jit, static_argnums=0)
def _each(program: Callable, log_priors: jax.Array, steps: Steps) -> Placed:
    """Return what a program makes of each walk."""
    if jax.default_backend() == "cpu":
        # Batched products are slow there, and round otherwise than those of a walk alone.
        return lax.map(lambda of: program(*of), (log_priors, steps))
    return jax.vmap(program)(log_priors, steps)


def _run(program: Callable, laid: Sequence[Laid], floors: Sequence[Floor]) -> Iterator[Placed]:
    """Yield where each walk is at the ends of its steps; the last stands in for those that lack."""
    longest = TOGETHER * max(-(-len(one.end) // TOGETHER) for one in laid)
    at = np.minimum(np.arange(SIDE_BY_SIDE), len(laid) - 1)
    steps = Steps._make(
        np.stack([_filled(part, longest) for part in parts])[at]
        for parts in zip(*(one.steps for one in laid), strict=True)
    )
    found = _each(program, np.stack([floor.log_prior for floor in floors])[at], steps)
    for number, one in enumerate(laid):
        yield Placed(*(np.asarray(part)[number, : len(one.end)] for part in found))


def _filled(part: np.ndarray, count: int) -> np.ndarray:
    return np.pad(part, [(0, count - len(part))] + [(0, 0)] * (part.ndim - 1))


def laid(
    walk: Walk, known_ms: np.ndarray, said: np.ndarray, cells: Cells, model: GridModel
) -> Laid:
    """Return the steps of a walk, of whose scans something becomes `known_ms` i64[S].

    A step hangs on nothing that becomes known after its end; the last may be shorter than a second.
    """
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
    return Laid(steps, end, moves.t_ms, moved_m, np.maximum.accumulate(known))


def after_steps(walk: Walk, laid: Laid, placed: Placed, cells: Cells) -> Track:
    """Return a causal track: from the newest step that had ended on, as the phone moved since.

    placed: where it was, in cells, at the ends of the steps of `laid`
    """
    start_m = cells.first_m + placed.mean * cells.cell_m - laid.moved_m[laid.end + 1]
    tick = np.maximum(np.searchsorted(laid.t_ms, walk.t_ms, side="right") - 1, 0)
    step = np.searchsorted(laid.t_ms[laid.end + 1], walk.t_ms, side="right") - 1
    known = (step >= 0) & laid.known[np.maximum(step, 0)]
    xy_m = np.where(known[:, None], start_m[step] + laid.moved_m[tick], walk.prior.mean_m)
    return Track(walk.t_ms, xy_m, np.where(known, placed.sd[step] * cells.cell_m, walk.prior.sd_m))


def _between_steps(walk: Walk, laid: Laid, placed: Placed, cells: Cells) -> Track:
    """Follow the moves, and between the ends of steps what corrects them on straight lines."""
    if not laid.known[-1]:
        count = len(walk.t_ms)
        xy_m = np.tile(walk.prior.mean_m, (count, 1))
        return Track(walk.t_ms, xy_m, np.full(count, walk.prior.sd_m))
    start_m = cells.first_m + placed.mean * cells.cell_m - laid.moved_m[laid.end + 1]
    end_ms = laid.t_ms[laid.end + 1]
    xy_m = interpolate(end_ms, start_m, walk.t_ms) + interpolate(laid.t_ms, laid.moved_m, walk.t_ms)
    return Track(walk.t_ms, xy_m, np.interp(walk.t_ms, end_ms, placed.sd * cells.cell_m))
