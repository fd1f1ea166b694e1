"""What Student's t says of a mean: interval, p, equivalence, and the effect it could have found."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.stats import nct, t

LEVEL = 0.95
POWER = 0.8


@dataclass(frozen=True)
class Estimate:
    """Hold a mean, its standard error and the degrees of freedom of that error.

    mean_m, error_m: metres; the error is infinite where there are too few values to tell, and 0
                     where they all agree
    """

    mean_m: float
    error_m: float
    freedom: float

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the ends, metres, of Student's two-sided interval."""
        if not self.error_m:
            return self.mean_m, self.mean_m
        reach_m = float(t.ppf((1 + level) / 2, self.freedom)) * self.error_m
        return self.mean_m - reach_m, self.mean_m + reach_m

    @cached_property
    def p_value(self) -> float:
        """Return the two-sided p of a mean of 0."""
        return min(1.0, 2 * self._beyond(abs(self.mean_m)))

    def p_within(self, margin_m: float) -> float:
        """Return the p of two one-sided tests that the mean is not within +-`margin_m`, metres.

        At most 0.05 exactly where the 90 % interval lies inside (Schuirmann 1987; Lakens 2017).
        """
        return self._beyond(margin_m - abs(self.mean_m))

    def could_find(self, power: float = POWER, level: float = LEVEL) -> float:
        """Return the least true mean, metres, that a two-sided t test shows with this power.

        By the noncentral t at the error that was found (Cohen 1988, 2.2); infinite where there
        are too few values.
        """
        if not self.error_m or not np.isfinite(self.error_m):
            return self.error_m
        critical = float(t.ppf((1 + level) / 2, self.freedom))
        # The other tail adds nothing at such effects, and R's power.t.test leaves it out too.

        def lacking(effect: float) -> float:
            return float(nct.sf(critical, self.freedom, effect)) - power

        return float(brentq(lacking, 0, 3 * critical + 3)) * self.error_m

    def _beyond(self, distance_m: float) -> float:
        """Return the chance of a t of at least `distance_m` / error."""
        if not self.error_m:
            return float(distance_m <= 0)
        return float(t.sf(distance_m / self.error_m, self.freedom))


UNKNOWN_ERROR = (float("inf"), 1.0)
"""Error and freedom of a mean of too few values."""


def of_one_sample(values_m: np.ndarray) -> tuple[float, float]:
    """Return standard error, metres, and degrees of freedom of the mean of f64[N], N > 1."""
    n = len(values_m)
    return float(values_m.std(ddof=1)) / n**0.5, n - 1.0


def of_crossed(values_m: np.ndarray) -> tuple[float, float]:
    """Return standard error, metres, and degrees of freedom of the mean of f64[S, B], S, B > 1.

    Rows (seeds) and columns (test rounds) are both drawn at random, and every row meets every
    column: the variance is V(rows) + V(columns) - V(rest), its freedom by Satterthwaite (1946).
    """
    n_rows, n_columns = values_m.shape
    of_row, of_column = values_m.mean(axis=1), values_m.mean(axis=0)
    rest = values_m - of_row[:, None] - of_column + values_m.mean()
    rest_freedom = (n_rows - 1) * (n_columns - 1)
    parts = np.array([of_row.var(ddof=1) / n_rows, of_column.var(ddof=1) / n_columns])
    rest_v = np.sum(rest**2) / rest_freedom / values_m.size
    variance = max(parts.sum() - rest_v, parts.max())
    squares = np.sum(parts**2 / [n_rows - 1, n_columns - 1]) + rest_v**2 / rest_freedom
    freedom = variance**2 / squares if squares else np.inf
    return float(variance) ** 0.5, float(max(freedom, min(n_rows, n_columns) - 1))
