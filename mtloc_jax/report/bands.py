"""The one way to draw a curve with what is unsure about it: a deviation, or an interval."""

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes

from mtloc_jax.report.style import Line
from mtloc_jax.report.summary import over_seeds, per_seed
from mtloc_jax.rows import Table, select

NOTE = "line: mean over seeds, band: ± one standard deviation (none for one seed)"


@dataclass(frozen=True)
class Curve:
    """Hold errors along something.

    at:    f64[K], rising: what they lie along
    mean_m, low_m, high_m: f64[K], metres: the line, and the ends of its band, which are not finite
                           where nothing is known of it
    """

    at: np.ndarray
    mean_m: np.ndarray
    low_m: np.ndarray
    high_m: np.ndarray

    @property
    def bare(self) -> "Curve":
        """Return the line without its band."""
        unknown = np.full_like(self.mean_m, np.nan)
        return replace(self, low_m=unknown, high_m=unknown)

    def times(self, scale: float) -> "Curve":
        """Return the same errors along `scale` times what they lay along."""
        return replace(self, at=scale * self.at)


def deviating(at: np.ndarray, mean_m: np.ndarray, spread_m: np.ndarray) -> Curve:
    """Return a curve whose band is one deviation wide on each side; all f64[K]."""
    return Curve(at, mean_m, mean_m - spread_m, mean_m + spread_m)


def along(rows: Table, column: str, metric: str) -> Curve:
    """Summarise `metric` over seeds at each value of `column`, both columns of rows.csv."""
    at = np.unique(rows[column])
    cells = [
        over_seeds(per_seed(select(rows, **{column: float(value)}), [metric])[1][:, 0])
        for value in at
    ]
    return deviating(at, *np.array(cells).reshape(-1, 2).T)


def draw(axes: Axes, curve: Curve, line: Line, sideways: bool = False) -> None:
    """Draw a curve as `line`, as Axes.plot takes it, on its band; sideways: errors along x."""
    places = (curve.mean_m, curve.at) if sideways else (curve.at, curve.mean_m)
    [drawn] = axes.plot(*places, **line)
    ends, color = _ends(curve), drawn.get_color()
    fill = axes.fill_betweenx if sideways else axes.fill_between
    fill(*ends, color=color, alpha=0.15, lw=0)
    if len(ends[0]) == 1:  # a band of one place has no width
        bar = axes.hlines if sideways else axes.vlines
        bar(*ends, color=color, lw=1.2, alpha=0.6)


def draw_dots(axes: Axes, curve: Curve, line: Line) -> None:
    """Draw errors along x that no line joins, each the marker of `line` on a bar for its band."""
    dots: Line = {"markersize": 5.5, "zorder": 3} | line | {"linestyle": "none"}
    [drawn] = axes.plot(curve.mean_m, curve.at, **dots)
    axes.hlines(*_ends(curve), color=drawn.get_color(), lw=1.6)


def name_beyond(axes: Axes, curve: Curve, end_m: float, sideways: bool = False) -> None:
    """Write the errors that lie beyond the end of their axis at its edge."""
    for at, error_m in zip(curve.at, curve.mean_m, strict=True):
        if error_m > end_m and sideways:
            axes.annotate(f"{error_m:.0f} m →", (end_m, at), ha="right", va="center", fontsize=7.5)
        elif error_m > end_m:
            axes.annotate(f"{error_m:.0f} m ↑", (at, end_m), ha="left", va="top", fontsize=7.5)


def _ends(curve: Curve) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    known = np.isfinite(curve.low_m) & np.isfinite(curve.high_m)
    return curve.at[known], curve.low_m[known], curve.high_m[known]
