"""Locate a walk as it is heard, tick by tick, beside the whole of it: `python -m tests.streamed`.

Raises AssertionError where a bit differs. As a program it is compiled as studies are; the tests
compile with less care.
"""

import jax
import numpy as np

from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.tracking import grid, grid_tracks, kalman, tracks
from mtloc_jax.tracking.cells import Cells
from mtloc_jax.tracking.grid_tracks import Floor, GridModel, said_by
from mtloc_jax.tracking.ticks import SLOTTED, Prior, Ticks, arranged
from mtloc_jax.tracking.tracks import Walk
from mtloc_jax.tracking.walk_model import Model

PRIOR = Prior(np.array([30.0, 20.0]), 12.0)
SLOTS = 4


def walk(seed: int, seconds: int, *, motion: bool = True) -> Walk:
    """Return a walk with a scan about every other second, asked for at the ends of its ticks."""
    draw = np.random.default_rng(seed)
    t_ms = np.arange(0, 1000 * seconds + 1, 100)
    moved_m = draw.normal(0.06, 0.05, (len(t_ms) - 1, 2))
    heard_ms = np.sort(draw.integers(0, 1000 * seconds, seconds // 2))
    arrived_ms = np.maximum.accumulate(heard_ms + draw.integers(50, 2500, len(heard_ms)))
    # Scans that arrive together fill several slots of one tick.
    arrived_ms[0] = arrived_ms[1]
    xy_m = PRIOR.mean_m + draw.normal(scale=8, size=(len(heard_ms), 2))
    fixes = Fixes(arrived_ms, heard_ms, xy_m, draw.uniform(3, 9, len(heard_ms)))
    moves = Moves(t_ms, moved_m, draw.uniform(0.02, 0.2, len(moved_m)))
    return Walk(t_ms[1:], fixes, moves if motion else None, PRIOR)


def known_at(of: Walk, moves: Moves, ticks: int) -> Ticks:
    """Return the newest of the ticks so far, laid out from what is known at its end alone."""
    so_far = Moves(moves.t_ms[: ticks + 1], moves.moved_m[:ticks], moves.sigma_m[:ticks])
    fixes = Fixes(*(part[of.fixes.arrived_ms <= so_far.t_ms[-1]] for part in of.fixes))
    motion = of.moves is not None
    laid = arranged(so_far, fixes, fixes.arrived_ms, of.prior, motion=motion)
    return Ticks._make(
        _with_room(part[-1]) if at >= SLOTTED else part[-1] for at, part in enumerate(laid)
    )


def _with_room(part: np.ndarray) -> np.ndarray:
    return np.pad(part, [(0, SLOTS - len(part)), *[(0, 0)] * (part.ndim - 1)])


def by_kalman(of: Walk) -> np.ndarray:
    """Return where a stream of ticks puts a phone, f[K, 2], relative to the prior's mean."""
    moves, model, step = tracks.ticks_of(of), Model(), jax.jit(kalman.step)
    # Compiled too: numbers of Python would be multiplied in double precision.
    state = jax.jit(kalman.start)(model, PRIOR.sd_m, float(of.moves is not None))
    found = []
    for ticks in range(1, len(moves.t_ms)):
        state, _ = step(model, state, known_at(of, moves, ticks))
        found.append(np.asarray(state.mean[:2]))
    return np.stack(found)


def check_kalman() -> None:
    """Compare a stream with one of several walks that are located side by side."""
    walks = [walk(0, 12), walk(1, 8, motion=False), walk(2, 20)]
    for of, located in zip(walks, tracks.located(walks), strict=True):
        streamed = by_kalman(of)
        heard = of.t_ms[: len(streamed)] >= of.fixes.arrived_ms[0]
        assert heard.any()
        told = streamed.astype(located.causal.xy_m.dtype) + PRIOR.mean_m
        # In single precision: an older compiler rounds the two programs apart in the last digit.
        np.testing.assert_allclose(located.causal.xy_m[heard], told[heard], rtol=0, atol=1e-5)


CELLS = Cells(np.array([1.5, 1.5]), (21, 14), 3.0)


def check_grid() -> None:
    """Compare a stream of steps with the whole of a walk."""
    walks = [walk(3, 20), walk(4, 9), walk(5, 14)]
    floors = [Floor(CELLS, np.random.default_rng(k).normal(size=CELLS.shape)) for k in range(3)]
    said = [said_by(of.fixes, CELLS) for of in walks]
    begin, ground = jax.jit(grid.begin), jax.jit(grid.ground)

    @jax.jit
    def step(floor, belief, one):
        belief, _ = grid.step(floor, belief, one)
        return belief, grid.placed(belief)

    whole = grid_tracks.located(walks, said, floors)
    for of, of_cells, floor, located in zip(walks, said, floors, whole, strict=True):
        ends = grid_tracks.laid(of, of.fixes.arrived_ms, of_cells, CELLS, GridModel()).end
        belief, on = begin(floor.log_prior), ground(floor.log_prior)
        for end in ends:
            laid = steps_till(of, of_cells, end + 1)
            belief, placed = step(on, belief, grid.Steps._make(part[-1] for part in laid.steps))
            start_m = CELLS.first_m + np.asarray(placed.mean) * CELLS.cell_m - laid.moved_m[-1]
            told_m = start_m + laid.moved_m[-1] if laid.known[-1] else PRIOR.mean_m
            np.testing.assert_array_equal(located.causal.xy_m[end], told_m)


def steps_till(of: Walk, of_cells: np.ndarray, ticks: int) -> grid_tracks.Laid:
    """Return the steps of the first ticks of a walk, by what is known at their end alone."""
    assert of.moves is not None
    t_ms, moved_m, sigma_m = of.moves
    known = of.fixes.arrived_ms <= t_ms[ticks]
    so_far = of._replace(
        moves=Moves(t_ms[: ticks + 1], moved_m[:ticks], sigma_m[:ticks]),
        fixes=Fixes(*(part[known] for part in of.fixes)),
    )
    return grid_tracks.laid(so_far, so_far.fixes.arrived_ms, of_cells[known], CELLS, GridModel())


if __name__ == "__main__":
    check_kalman()
    check_grid()
    print("bit for bit")
