"""The grid filter of `tracking`, fed as a log grows: the same bits however a walk is cut.

Steps end with each second and with each fix. One compiled loop takes blocks of them, as
`live_filter`'s does ticks; between their ends a position goes on as the phone moved.
"""

import jax
import numpy as np

from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.experts.floor_prior import log_walked
from mtloc_jax.experts.radio_map import MARGIN_M
from mtloc_jax.prediction.live_filter import Believed
from mtloc_jax.prediction.survey import Survey
from mtloc_jax.tracking import grid, grid_tracks
from mtloc_jax.tracking.cells import covering
from mtloc_jax.tracking.grid_tracks import Floor, GridModel
from mtloc_jax.tracking.ticks import Prior
from mtloc_jax.tracking.tracks import Located, Walk

BLOCK = 16


def floor_of(survey: Survey) -> Floor:
    """Return a survey's floor in cells: people are near where they surveyed, and on its plan.

    Raises InputError where the plan is no use.
    """
    cells = covering(survey.walked_m, MARGIN_M)
    return Floor(cells, log_walked(survey.walked_m, cells, survey.plan))


def wandering(moves: Moves, model: GridModel) -> Moves:
    """Return ticks of a phone of which no motion is known: it may be anywhere around."""
    seconds = np.diff(moves.t_ms) / 1000
    return moves._replace(sigma_m=np.sqrt(model.wander_m2_per_s * seconds))


def whole(moves: Moves, fixes: Fixes, floor: Floor, prior: Prior, *, motion: bool) -> Located:
    """Locate a whole walk on cells at the ends of its ticks, causally and offline."""
    model = GridModel()
    known = moves if motion else wandering(moves, model)
    walk = Walk(moves.t_ms[1:], fixes, known, prior)
    said = grid_tracks.said_by(fixes, floor.cells, model)
    return grid_tracks.located([walk], [said], [floor], model)[0]


class LiveGrid:
    """Filter a walk on cells as it comes."""

    def __init__(self, floor: Floor, prior: Prior, *, motion: bool) -> None:
        """Know nothing but where walks may begin; motion: whether it will be known."""
        self._floor, self._prior, self._motion = floor, prior, motion
        self._belief = grid.begin(jax.numpy.asarray(floor.log_prior))
        self._placed = grid.Placed(np.zeros((0, 2)), np.zeros(0))

    def take(self, moves: Moves, fixes: Fixes, rows: slice) -> Believed:
        """Return where a phone is at the ends of the ticks `rows`, which come next.

        moves: of the log so far; fixes: those that arrived by the end of these ticks
        """
        model, cells = GridModel(), self._floor.cells
        known = moves if self._motion else wandering(moves, model)
        walk = Walk(moves.t_ms[1:][rows], fixes, known, self._prior)
        said = grid_tracks.said_by(fixes, cells, model)
        laid = grid_tracks.laid(walk, fixes.arrived_ms, said, cells, model)
        ended = int(np.searchsorted(laid.end, rows.stop))
        self._advance(grid.Steps._make(part[:ended] for part in laid.steps))
        if not ended:
            count = len(walk.t_ms)
            return Believed(np.tile(walk.prior.mean_m, (count, 1)), np.full(count, walk.prior.sd_m))
        so_far = laid._replace(end=laid.end[:ended], known=laid.known[:ended])
        track = grid_tracks.after_steps(walk, so_far, self._placed, cells)
        return Believed(track.xy_m, track.sigma_m)

    def _advance(self, steps: grid.Steps) -> None:
        """Take in those of the steps so far that are new."""
        for first in range(len(self._placed.sd), len(steps.var), BLOCK):
            block = grid.Steps._make(part[first : first + BLOCK] for part in steps)
            real = len(block.var)
            filled = grid.Steps._make(_filled(part) for part in block)
            # Taken apart by NumPy, as `live_filter` does.
            told = _block(self._floor.log_prior, self._belief, filled)
            beliefs, placed = jax.tree.map(np.asarray, told)
            self._belief = jax.tree.map(lambda part, at=real - 1: part[at], beliefs)
            parts = zip(self._placed, placed, strict=True)
            self._placed = grid.Placed(*(np.concatenate([one, new[:real]]) for one, new in parts))


def _filled(part: np.ndarray) -> np.ndarray:
    return np.pad(part, [(0, BLOCK - len(part))] + [(0, 0)] * (part.ndim - 1))


@jax.jit
def _block(log_prior: jax.Array, belief: grid.Belief, steps: grid.Steps):
    floor = grid.ground(log_prior)

    def one(belief: grid.Belief, step: grid.Steps):
        belief, _ = grid.step(floor, belief, step)
        return belief, (belief, grid.placed(belief))

    return jax.lax.scan(one, belief, steps)[1]
