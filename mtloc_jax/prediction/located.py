"""A log and where its phone was: what the API returns, and what is written and drawn."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mtloc_jax.logs.round import Round
from mtloc_jax.prediction.said import Said, begun_ms, truth_m
from mtloc_jax.prediction.survey import Survey


@dataclass(frozen=True)
class Located:
    """Hold a located log.

    log:    as it was recorded, its ground truth where it has some
    said:   its rows
    how:    what located it, in words
    survey: by which it was located; None by a network
    note:   what one should know of it besides, a line; empty where there is nothing
    """

    log: Round
    said: Said
    how: str
    survey: Survey | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """Return the log's name."""
        return self.log.name

    @cached_property
    def t_s(self) -> np.ndarray:
        """Return the time of each row f64[N] since the log's first reading, seconds."""
        return (self.said.t_ms - begun_ms(self.log)) / 1000

    @property
    def xy_m(self) -> np.ndarray:
        """Return where the phone was f64[N, 2], metres."""
        return self.said.xy_m

    @property
    def radius_m(self) -> np.ndarray:
        """Return the radius f64[N] that shall hold the phone with 90 %; NaN by a network."""
        return self.said.radius_m

    @property
    def spoke(self) -> np.ndarray:
        """Return what was new in each row str[N]: experts joined by "+"."""
        return self.said.spoke

    @property
    def has_truth(self) -> bool:
        """Say whether the log has ground truth."""
        return len(self.log.waypoint_t_ms) > 1

    @cached_property
    def true_m(self) -> np.ndarray:
        """Return where the phone truly was f64[N, 2]: NaN but between waypoints."""
        return truth_m(self.log, self.said.t_ms)

    @cached_property
    def error_m(self) -> np.ndarray:
        """Return how far off each row is f64[N]; NaN where the truth is not known."""
        return np.linalg.norm(self.xy_m - self.true_m, axis=1)

    @property
    def heard(self) -> np.ndarray:
        """Say which rows come after the log's first scan bool[N]: before it nothing is known."""
        return ~np.isnan(self.said.scan_age_s)

    @property
    def mean_error_m(self) -> float:
        """Return the mean error; NaN where the truth is nowhere known."""
        return _mean(self.error_m)

    @property
    def mean_after_scan_m(self) -> float:
        """Return the mean error after the first scan; NaN where the truth is nowhere known."""
        return _mean(self.error_m[self.heard])


def _mean(error_m: np.ndarray) -> float:
    known = error_m[~np.isnan(error_m)]
    return float(known.mean()) if len(known) else float("nan")
