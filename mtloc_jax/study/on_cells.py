"""A floor in cells: how likely each is to whom some walks located, and what experts say of them."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from mtloc_jax.experts.floor_prior import log_corridor, log_surveyed
from mtloc_jax.experts.radio_map import summed_up
from mtloc_jax.experts.scan_table import ScanTable
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.tracking.cells import covering
from mtloc_jax.tracking.grid_tracks import Floor

MARGIN_M = 15.0
"""Nobody is looked for farther from the box around a survey."""
_BEYOND = -20.0
"""Log prior of a cell that lies there: cells are those of all walks, and one knows but a survey."""

Likely = Callable[[ScanTable, ScanTable, np.ndarray, np.ndarray], np.ndarray]
"""(survey, scans asked, places f64[C, 2], heeded bool[W, W]) -> log likelihood f64[M, C]; which
walks surveyed count for each that is asked: experts.radio_map.log_likelihood_heeding is one."""


class OnCells:
    """Lay out one building in cells."""

    def __init__(self, xy_m: np.ndarray, plan: FloorPlan | None) -> None:
        """Cover all positions f64[N, 2] of a building; `plan` is None where it has none."""
        self.cells, self._plan = covering(xy_m, MARGIN_M), plan

    def floor(self, surveyed_m: np.ndarray, *, plan: bool = True) -> Floor:
        """Return how likely cells are to whom a survey of positions f64[S, 2] is at hand.

        plan: whether the building's is looked at. Raises InputError where that is no use.
        """
        log_prior = log_surveyed(surveyed_m, self.cells)
        if plan and self._plan is not None:
            log_prior = log_prior + self._corridors
        low, high = surveyed_m.min(axis=0) - MARGIN_M, surveyed_m.max(axis=0) + MARGIN_M
        centre = self.cells.centres_m
        beyond = ((centre < low) | (centre > high)).any(axis=-1)
        return Floor(self.cells, np.where(beyond, log_prior + _BEYOND, log_prior))

    @cached_property
    def _corridors(self) -> np.ndarray:
        assert self._plan is not None
        return log_corridor(self._plan, self.cells)

    def likely(
        self, expert: Likely, survey: ScanTable, asked: ScanTable, heeded: np.ndarray
    ) -> np.ndarray:
        """Return what an expert says of cells, log likelihoods f64[M, E, N]; raises as it does."""
        places = self.cells.centres_m.reshape(-1, 2)
        return expert(survey, asked, places, heeded).reshape(len(asked.level), *self.cells.shape)


def placed(
    likely: np.ndarray, floors: Sequence[Floor], of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the means f64[M, 2] and sds f64[M] of posteriors of scans.

    likely: f64[M, E, N]; of: i64[M], the floor of each
    """
    xy_m, sigma_m = np.zeros((len(of), 2)), np.zeros(len(of))
    for number, floor in enumerate(floors):
        own = np.flatnonzero(of == number)
        log_p = (likely[own] + floor.log_prior).reshape(len(own), floor.log_prior.size)
        xy_m[own], sigma_m[own] = summed_up(log_p, floor.cells)
    return xy_m, sigma_m
