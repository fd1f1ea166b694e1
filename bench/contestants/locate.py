"""Ours: all walks of a floor located, each by the survey of all others, the newest fix held.

Option "by": "matcher", the one that comes with the package, or "nearest", nearest neighbours.
"""

import numpy as np

from bench import floor
from bench.task import Task
from mtloc_jax.evidence import Fixes
from mtloc_jax.experts.matcher_fixes import locate_each_walk
from mtloc_jax.experts.nearest import Located, each_walk, nearest_cosine, survey_mean
from mtloc_jax.prediction import shipped
from mtloc_jax.study import replicas
from mtloc_jax.tracking.held import held
from mtloc_jax.tracking.ticks import Prior


class Locate:
    """Locate `task.runs` walks at every tick."""

    def __init__(self, task: Task) -> None:
        """Make the table of their scans."""
        self._by, self._walks = task.options["by"], floor.walks(task.runs)
        self._table = floor.table(task.runs)
        self._matcher = replicas.stack([shipped.matcher()]) if self._by == "matcher" else None

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Locate all walks `steps` times."""
        for _ in range(steps):
            self._found_m = self._located()

    def outcome(self) -> list[float]:
        """Return the mean error, metres; the matcher's is another method's, and nobody else's."""
        return [] if self._by == "matcher" else [self.error_m()]

    def error_m(self) -> float:
        """Return the mean error over all ticks, metres."""
        return floor.mean_error_m(self._found_m, self._walks)

    def _located(self) -> list[np.ndarray]:
        xy_m, sigma_m = self._fixes()
        return [self._held(number, xy_m, sigma_m) for number in range(len(self._walks))]

    def _fixes(self) -> Located:
        if self._matcher is None:
            return each_walk(nearest_cosine, self._table)
        xy_m, sigma_m = locate_each_walk(self._matcher, self._table)
        return xy_m[0], sigma_m[0]

    def _held(self, number: int, xy_m: np.ndarray, sigma_m: np.ndarray) -> np.ndarray:
        table, own = self._table, self._table.walk == number
        fixes = Fixes(table.arrived_ms[own], table.heard_ms[own], xy_m[own], sigma_m[own])
        prior = Prior(*survey_mean(table.xy_m[~own]))
        return held(fixes, prior, floor.ticks_ms(self._walks[number])).xy_m


contestant = Locate
