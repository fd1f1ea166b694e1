"""Predicted against true path, coloured by error (Fig 3's view), on the floor plan if given."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mtloc_jax.report import map_panels, style
from mtloc_jax.report.map_panels import Extent, errors_m
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.rows import Table
from mtloc_jax.sites.floor_plan import FloorPlan

# A pause this long between windows is a hole in the recording, not a path walked.
GAP_S = 2.0
_MARGIN_M = 2.0
_SHOWN = (1, 99)  # per cent of true and predicted positions
_TRUE_PATH: style.Line = {
    "color": "#000000",
    "linewidth": 1.3,
    "path_effects": [withStroke(linewidth=3.0, foreground="#FFFFFFC0")],
}
_START: style.Line = {
    "color": "#000000",
    "marker": "o",
    "linestyle": "none",
    "markerfacecolor": "#FFFFFF",
}


def trajectory(tracks: Table, provenance: Provenance, plan: FloorPlan | None) -> Figure | None:
    """Draw one map a model, the headline one of each arm; None without tracks."""
    runs = map_panels.headline_runs(tracks)
    if not runs:
        return None
    note = "A dot is the prediction of one window; 98 % of all x and of all y lie on the map."
    return map_panels.maps(
        provenance.title("Predicted against true path"),
        f"{map_panels.scope(runs, provenance)}\n{note}",
        runs,
        shown(runs),
        _worst_shown_m(runs),
        plan,
        _draw_paths,
    )


def pieces(trace: np.ndarray, t_s: np.ndarray) -> list[slice]:
    """Cut rows into runs that may be drawn as one line: one trace, no pause over 2 s."""
    breaks = np.flatnonzero((trace[1:] != trace[:-1]) | (np.abs(np.diff(t_s)) > GAP_S)) + 1
    edges = [0, *breaks.tolist(), len(trace)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def _worst_shown_m(runs: Sequence[Table]) -> float:
    # A few far outliers would wash out the colours of everything else.
    return float(np.percentile(np.concatenate([errors_m(run) for run in runs]), 95))


def _draw_paths(axes: Axes, run: Table, colours: ScalarMappable) -> None:
    true_m = np.stack([run["x_m"], run["y_m"]], axis=1)
    predicted_m = np.stack([run["predicted_x_m"], run["predicted_y_m"]], axis=1)
    shade = colours.to_rgba(errors_m(run))
    whole = pieces(run["trace"], run["t_s"])
    for piece in whole:
        steps = np.stack([predicted_m[piece][:-1], predicted_m[piece][1:]], axis=1)
        # Rasterised: thousands of vector strokes would make the SVG megabytes.
        lines = LineCollection(
            list(steps), colors=list(shade[piece][1:]), linewidths=0.5, alpha=0.6, rasterized=True
        )
        axes.add_collection(lines)
    x_m, y_m = predicted_m.T
    axes.scatter(x_m, y_m, s=5, c=shade, linewidths=0, zorder=2, rasterized=True)
    for piece in whole:
        axes.plot(*true_m[piece].T, **_TRUE_PATH, label="true path" if piece.start == 0 else None)
    starts = true_m[[piece.start for piece in whole]]
    axes.plot(*starts.T, **_START, label="start of a trace")


def shown(runs: Sequence[Table]) -> Extent:
    """Return the extent that holds all of the true path and all but the wildest predictions."""
    limits = []
    for axis in "xy":
        true_m = np.concatenate([run[f"{axis}_m"] for run in runs])
        predicted_m = np.concatenate([run[f"predicted_{axis}_m"] for run in runs])
        low_m, high_m = np.percentile(np.concatenate([true_m, predicted_m]), _SHOWN)
        low_m, high_m = min(low_m, true_m.min()), max(high_m, true_m.max())
        limits.append(np.array([low_m - _MARGIN_M, high_m + _MARGIN_M]))
    return Extent(*limits)
