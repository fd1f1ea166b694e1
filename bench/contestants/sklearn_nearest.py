"""Nearest neighbours by cosine as scikit-learn has them, each walk by the survey of all others."""

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

from bench import floor
from bench.task import Task
from mtloc_jax.experts.similarity import fresh

NEIGHBOURS = 5


class SklearnNearest:
    """Locate `task.runs` walks at every tick by the newest scan that had arrived."""

    def __init__(self, task: Task) -> None:
        """Make the table of their scans."""
        self._walks, self._table = floor.walks(task.runs), floor.table(task.runs)
        self._level = fresh(self._table)

    def restart(self) -> None:
        """There is nothing to go back to."""

    def advance(self, steps: int) -> None:
        """Locate all walks `steps` times."""
        for _ in range(steps):
            self._found_m = [self._located(number) for number in range(len(self._walks))]

    def outcome(self) -> list[float]:
        """Return the mean error, metres."""
        return [self.error_m()]

    def error_m(self) -> float:
        """Return the mean error over all ticks, metres."""
        return floor.mean_error_m(self._found_m, self._walks)

    def _located(self, number: int) -> np.ndarray:
        level, xy_m, own = self._level, self._table.xy_m, self._table.walk == number
        model = KNeighborsRegressor(NEIGHBOURS, metric="cosine").fit(level[~own], xy_m[~own])
        known = np.concatenate([xy_m[~own].mean(axis=0)[None], model.predict(level[own])])
        at = np.searchsorted(
            self._table.arrived_ms[own], floor.ticks_ms(self._walks[number]), side="right"
        )
        return known[at]


contestant = SklearnNearest
