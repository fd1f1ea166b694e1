"""Predicted against true path, coloured by error (Fig 3's view), on the floor plan if given."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from mtloc_jax import arms, look
from mtloc_jax.arms import Arm
from mtloc_jax.errors import InputError
from mtloc_jax.provenance import Provenance
from mtloc_jax.rows import Table, select

# A pause this long between windows is a hole in the recording, not a path walked.
_GAP_S = 2.0
_MARGIN_M = 2.0
_SHOWN = (0.2, 99.8)  # per cent of true and predicted positions
_TRUE_PATH: look.Line = {
    "color": "#000000",
    "linewidth": 1.3,
    "path_effects": [withStroke(linewidth=3.0, foreground="#FFFFFFC0")],
}
_START: look.Line = {
    "color": "#000000",
    "marker": "o",
    "linestyle": "none",
    "markerfacecolor": "#FFFFFF",
}


@dataclass(frozen=True)
class FloorPlan:
    """Name a floor plan image and the metres it covers, its lower left corner at (0, 0)."""

    path: Path
    width_m: float
    height_m: float

    def paper(self) -> np.ndarray:
        """Return the image in grey over white, f32[H, W], 1 = white; raises InputError."""
        try:
            with Image.open(self.path) as image:
                grey, opaque = np.moveaxis(np.asarray(image.convert("LA"), np.float32) / 255, 2, 0)
        except OSError:
            raise InputError(
                "cannot read this floor plan", remedy="give a PNG or JPEG file", path=self.path
            ) from None
        return 1 - (1 - grey) * opaque


def trajectory(tracks: Table, provenance: Provenance, plan: FloorPlan | None) -> Figure | None:
    """Draw one panel each for scratch, transferred and fine-tuned; None without tracks.

    The seed is the smallest on file: a picture shows one run, the tables show all.
    """
    runs = [_one_run(tracks, arm) for arm in _models(tracks)]
    panels_rows = [rows for rows in runs if len(rows["t_s"])]
    if not panels_rows:
        return None
    x_m, y_m = _shown(panels_rows)
    tallness = np.clip(np.ptp(y_m) / np.ptp(x_m), 0.4, 1.6)
    drawn = look.figure(
        provenance.title("Predicted against true path"),
        _caption(panels_rows, provenance),
        max(3.4 * len(panels_rows) + 0.6, 7.2),
        2.9 * tallness + 1.3,
    )
    panels = drawn.subplots(1, len(panels_rows), sharex=True, sharey=True, squeeze=False)[0]
    colours = ScalarMappable(Normalize(0, _worst_shown_m(panels_rows)), "viridis_r")
    for axes, rows in zip(panels, panels_rows, strict=True):
        _draw_plan(axes, plan)
        _draw_paths(axes, rows, colours)
    panels[0].set(ylabel="y (m)", xlim=x_m, ylim=y_m)
    drawn.colorbar(colours, ax=list(panels), label="error (m)", extend="max", shrink=0.8)
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return drawn


def pieces(trace: np.ndarray, t_s: np.ndarray) -> list[slice]:
    """Cut rows into runs that may be drawn as one line: one trace, no pause over 2 s."""
    breaks = np.flatnonzero((trace[1:] != trace[:-1]) | (np.abs(np.diff(t_s)) > _GAP_S)) + 1
    edges = [0, *breaks.tolist(), len(trace)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def _models(tracks: Table) -> list[Arm]:
    transferred, finetuned, scratch = arms.headline_arms(tracks)
    return [scratch, transferred, finetuned]


def _one_run(tracks: Table, arm: Arm) -> Table:
    of_arm = arms.of_arm(tracks, arm)
    return select(of_arm, seed=of_arm["seed"].min()) if len(of_arm["seed"]) else of_arm


def _errors_m(rows: Table) -> np.ndarray:
    return np.hypot(rows["predicted_x_m"] - rows["x_m"], rows["predicted_y_m"] - rows["y_m"])


def _worst_shown_m(panels_rows: Sequence[Table]) -> float:
    # A few far outliers would wash out the colours of everything else.
    return float(np.percentile(np.concatenate([_errors_m(rows) for rows in panels_rows]), 95))


def _caption(panels_rows: Sequence[Table], provenance: Provenance) -> str:
    rows = panels_rows[0]
    counts = (
        f"{rows['split'][0]}: {len(rows['t_s']):,} windows, {len(np.unique(rows['trace']))} traces"
    )
    seeds = sorted({int(of_arm["seed"][0]) for of_arm in panels_rows})
    return f"{provenance.site_pair} | {counts} | seed {', '.join(map(str, seeds))}"


def _draw_plan(axes: Axes, plan: FloorPlan | None) -> None:
    if plan is None:
        return
    extent = (0.0, plan.width_m, 0.0, plan.height_m)
    axes.imshow(plan.paper(), cmap="gray", vmin=-2, vmax=1, extent=extent, zorder=0)


def _draw_paths(axes: Axes, rows: Table, colours: ScalarMappable) -> None:
    errors_m = _errors_m(rows)
    true_m = np.stack([rows["x_m"], rows["y_m"]], axis=1)
    predicted_m = np.stack([rows["predicted_x_m"], rows["predicted_y_m"]], axis=1)
    whole = pieces(rows["trace"], rows["t_s"])
    for piece in whole:
        steps = np.stack([predicted_m[piece][:-1], predicted_m[piece][1:]], axis=1)
        colour = colours.to_rgba(errors_m[piece][1:])
        axes.add_collection(LineCollection(list(steps), colors=list(colour), linewidths=1.0))
    for piece in whole:
        axes.plot(*true_m[piece].T, **_TRUE_PATH, label="true path" if piece.start == 0 else None)
    starts = true_m[[piece.start for piece in whole]]
    axes.plot(*starts.T, **_START, label="start of a trace")
    arm = (str(rows["arm"][0]), float(rows["finetune_rate"][0]))
    axes.set(title=f"{arms.arm_name(arm)}: mean {errors_m.mean():.2f} m", xlabel="x (m)")
    axes.set_aspect("equal")
    axes.label_outer()


def _shown(panels_rows: Sequence[Table]) -> tuple[np.ndarray, np.ndarray]:
    """Return the x and y limits, f64[2] metres each, that hold all but the wildest predictions."""
    limits = []
    for axis in "xy":
        columns = [[rows[f"{axis}_m"], rows[f"predicted_{axis}_m"]] for rows in panels_rows]
        low, high = np.percentile(np.concatenate([c for pair in columns for c in pair]), _SHOWN)
        limits.append(np.array([low - _MARGIN_M, high + _MARGIN_M]))
    return limits[0], limits[1]
