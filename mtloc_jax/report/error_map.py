"""Where on the test path a model errs: mean error by place, on the floor plan if given."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mtloc_jax.report import map_panels
from mtloc_jax.report.map_panels import Extent, errors_m
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.rows import Table
from mtloc_jax.sites.floor_plan import FloorPlan

_SIDES_M = (1, 2, 5, 10, 20)
_MOST_CELLS = 30  # along the longer side: a cell must be seen, and must hold several windows


def error_map(tracks: Table, provenance: Provenance, plan: FloorPlan | None) -> Figure | None:
    """Draw the mean error of each square of the test path, one map a model; None without tracks."""
    runs = map_panels.headline_runs(tracks)
    if not runs:
        return None
    extent, side_m = _grid(runs)
    means_m = [cell_means(run, extent, side_m) for run in runs]

    def draw(axes: Axes, run: Table, colours: ScalarMappable) -> None:
        _draw_cells(axes, cell_means(run, extent, side_m), extent, side_m, colours)

    note = (
        f"A square of {side_m} m by {side_m} m: mean error of the windows truly in it; "
        "the worst of each model carries its error in metres."
    )
    return map_panels.maps(
        provenance.title("Error map: mean error by true place"),
        f"{map_panels.scope(runs, provenance)}\n{note}",
        runs,
        extent,
        float(np.nanpercentile(means_m, 95)),
        plan,
        draw,
    )


def cell_means(run: Table, extent: Extent, side_m: float) -> np.ndarray:
    """Return the mean error f64[Y, X], metres, of windows by their true place; NaN if none."""
    edges = _edges(extent.y_m, side_m), _edges(extent.x_m, side_m)
    place = run["y_m"], run["x_m"]
    totals_m = np.histogram2d(*place, edges, weights=errors_m(run))[0]
    counts = np.histogram2d(*place, edges)[0]
    return np.where(counts > 0, totals_m / np.maximum(counts, 1), np.nan)


def _grid(runs: Sequence[Table]) -> tuple[Extent, int]:
    """Return the extent of the true path in whole squares, and the side of a square in metres."""
    x_m, y_m = (np.concatenate([run[name] for run in runs]) for name in ("x_m", "y_m"))
    longest_m = max(np.ptp(x_m), np.ptp(y_m))
    side_m = next((s for s in _SIDES_M if longest_m / s <= _MOST_CELLS), _SIDES_M[-1])
    # One square to spare on each side, for the number of the worst.
    spare = np.array([-1, 2])
    limits = [side_m * (np.array([v.min(), v.max()]) // side_m + spare) for v in (x_m, y_m)]
    return Extent(*limits), side_m


def _edges(limits_m: np.ndarray, side_m: float) -> np.ndarray:
    return np.arange(limits_m[0], limits_m[1] + side_m / 2, side_m)


def _draw_cells(
    axes: Axes, means_m: np.ndarray, extent: Extent, side_m: float, colours: ScalarMappable
) -> None:
    edges = _edges(extent.x_m, side_m), _edges(extent.y_m, side_m)
    mesh = axes.pcolormesh(*edges, means_m, cmap=colours.cmap)
    mesh.set(
        norm=colours.norm, edgecolor="#FFFFFF", linewidth=0.4, rasterized=True
    )  # empty squares take bytes too
    row, column = np.unravel_index(np.nanargmax(means_m), means_m.shape)
    at_m = extent.x_m[0] + (column + 0.5) * side_m, extent.y_m[0] + (row + 0.5) * side_m
    axes.annotate(
        f"{means_m[row, column]:.1f}",
        at_m,
        xytext=(0, 9),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        fontweight="bold",
        path_effects=[withStroke(linewidth=2.5, foreground="#FFFFFF")],
    )
