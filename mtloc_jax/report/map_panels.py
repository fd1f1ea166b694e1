"""One map a model, side by side, on the floor plan if given, for others to draw on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mtloc_jax.arms import arm_label
from mtloc_jax.report import style
from mtloc_jax.report.headline import models
from mtloc_jax.report.provenance import Provenance, counted
from mtloc_jax.rows import Table, of_arm, select
from mtloc_jax.sites.floor_plan import FloorPlan


@dataclass(frozen=True)
class Extent:
    """Hold what a map shows: x and y limits, f64[2] metres each."""

    x_m: np.ndarray
    y_m: np.ndarray


_FLAT = 0.6  # height over width below which a row of maps would leave each too small
_MOST_COLUMNS = 3
_TITLE = 36  # letters above the narrowest of them
DrawPanel = Callable[[Axes, Table, ScalarMappable], None]


def draw_plan(axes: Axes, plan: FloorPlan) -> None:
    """Draw a floor plan faintly below everything else on `axes`; raises InputError."""
    extent = (0.0, plan.width_m, 0.0, plan.height_m)
    image = axes.imshow(plan.paper(), cmap="gray", vmin=-2, vmax=1, extent=extent, zorder=0)
    image.set_rasterized(True)  # else an SVG holds the whole plan, once a panel


def headline_runs(tracks: Table) -> list[Table]:
    """Return the tracks of one run of each arm that has some, at its headline rate.

    The seed is the smallest on file: a picture shows one run, the tables show all.
    """
    found = [of_arm(tracks, model) for model in models(tracks)]
    return [select(run, seed=run["seed"].min()) for run in found]


def errors_m(run: Table) -> np.ndarray:
    """Return the distance between true and predicted positions, f64[N] metres."""
    return np.hypot(run["predicted_x_m"] - run["x_m"], run["predicted_y_m"] - run["y_m"])


def maps(
    title: str,
    caption: str,
    runs: Sequence[Table],
    extent: Extent,
    worst_m: float,
    plan: FloorPlan | None,
    draw: DrawPanel,
) -> Figure:
    """Call `draw` on one map a run; all share the extent and error colours from 0 to `worst_m`."""
    grid, size_in = _layout(len(runs), float(np.ptp(extent.y_m) / np.ptp(extent.x_m)))
    drawn = style.figure(title, caption, *size_in)
    every = drawn.subplots(*grid, sharex=True, sharey=True, squeeze=False).ravel()
    panels = every[: len(runs)]
    colours = ScalarMappable(Normalize(0, worst_m), "viridis_r")
    for axes in every[len(runs) :]:
        axes.remove()
    for axes, run in zip(panels, runs, strict=True):
        if plan is not None:
            draw_plan(axes, plan)
        draw(axes, run, colours)
        mean = f"mean {errors_m(run).mean():.2f} m".replace(" ", "\N{NO-BREAK SPACE}")
        axes.set(title=fill(f"{_name(run)}: {mean}", _TITLE))
        axes.set(xlabel="x (m)", ylabel="y (m)")
        axes.set_aspect("equal")
        axes.label_outer()
    panels[0].set(xlim=extent.x_m, ylim=extent.y_m)
    slim = 20 * grid[0]
    bar = drawn.colorbar(
        colours, ax=list(panels), label="error (m)", extend="max", shrink=0.8, aspect=slim
    )
    if bar.solids is not None:
        bar.solids.set_rasterized(True)  # else 256 vector rectangles
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return drawn


def scope(runs: Sequence[Table], provenance: Provenance) -> str:
    """Return site pair, windows, traces and seed of what the maps show."""
    run = runs[0]
    windows = counted({len(run["t_s"])}, "window")
    traces = counted({len(np.unique(run["trace"]))}, "trace")
    seeds = sorted({int(one["seed"][0]) for one in runs})
    shown = f"{run['split'][0]}: {windows} of {traces} | seed {', '.join(map(str, seeds))}"
    return f"{provenance.site_pair} | {shown}"


def _layout(n_maps: int, tallness: float) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return rows and columns of maps, and the figure's size in inches: flat maps are stacked."""
    if tallness < _FLAT:
        return (n_maps, 1), (7.8, n_maps * (6.2 * max(tallness, 0.2) + 0.4) + 1.3)
    columns = min(n_maps, _MOST_COLUMNS)
    rows = -(-n_maps // columns)
    width_in = max(3.4 * columns + 0.6, 7.2)
    return (rows, columns), (width_in, 2.9 * rows * min(tallness, 1.6) + 1.3)


def _name(run: Table) -> str:
    return arm_label(str(run["arm"][0]), float(run["finetune_rate"][0]))
