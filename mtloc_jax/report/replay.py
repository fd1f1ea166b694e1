"""A test walk that a reader of the page may follow in time: the truth, and each model's track."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from PIL import Image

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.report import map_panels, style
from mtloc_jax.report.map_panels import Extent
from mtloc_jax.report.trajectory import GAP_S, shown
from mtloc_jax.rows import Table
from mtloc_jax.sites.floor_plan import FloorPlan

_MOST_WINDOWS = 600
"""Of all walks together: with three models some 25 kB of the page."""
_LONGEST_PX, _GREYS = 640, 16
_PLAN_STRENGTH = 1 / 3  # as figures draw it: grey below everything else


@dataclass(frozen=True)
class Replay:
    """Hold the walks of `runs`, one run a model, and the plan of their floor, if there is one."""

    runs: Sequence[Table]
    plan: FloorPlan | None

    def plain(self) -> dict[str, Any]:
        """Return what the page's script reads: tenths of a second, centimetres, thinned.

        Models whose windows are not those of the first are left out. Raises InputError where the
        plan cannot be read.
        """
        first, extent = self.runs[0], shown(self.runs)
        alike = [run for run in self.runs if _same_windows(run, first)]
        step = -(-len(first["t_s"]) // _MOST_WINDOWS)
        traces = list(dict.fromkeys(first["trace"].tolist()))
        return {
            "kind": "replay",
            "arms": [_named(run) for run in alike],
            "gap": round(10 * GAP_S * step),
            "box": [*_cm(extent.x_m), *_cm(extent.y_m)],
            "plan": None if self.plan is None else _image(self.plan, extent),
            "traces": [_trace(alike, trace, step) for trace in traces],
        }


def replay(tracks: Table, plan: FloorPlan | None) -> Replay | None:
    """Return the walks that the maps show, to be followed; None without tracks."""
    runs = map_panels.headline_runs(tracks)
    return Replay(runs, plan) if runs else None


def _same_windows(one: Table, other: Table) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in ("trace", "t_s"))


def _named(run: Table) -> dict[str, str]:
    arm = str(run["arm"][0])
    colour = to_hex(style.line(ARMS, arm)["color"])
    return {"name": arm_label(arm, float(run["finetune_rate"][0])), "color": colour}


def _trace(runs: Sequence[Table], trace: str, step: int) -> dict[str, Any]:
    """Return every `step`-th window of a walk: its time, true place and each model's."""
    kept = np.flatnonzero(runs[0]["trace"] == trace)[::step]
    return {
        "name": trace,
        "t": _whole(10 * runs[0]["t_s"][kept]),
        "x": _cm(runs[0]["x_m"][kept]),
        "y": _cm(runs[0]["y_m"][kept]),
        "of": [
            {axis: _cm(run[f"predicted_{axis}_m"][kept]) for axis in ("x", "y")} for run in runs
        ],
    }


def _cm(values_m: np.ndarray) -> list[int]:
    return _whole(100 * values_m)


def _whole(values: np.ndarray) -> list[int]:
    return [int(value) for value in np.rint(values)]


def _image(plan: FloorPlan, extent: Extent) -> dict[str, Any] | None:
    """Return the part of a plan that lies in `extent` as a small image, and where; None of none."""
    paper = plan.paper()
    n_rows, n_columns = paper.shape
    across, up = n_columns / plan.width_m, n_rows / plan.height_m
    left, right = np.clip(np.array(extent.x_m) * across, 0, n_columns).astype(int)
    top, bottom = np.clip(n_rows - np.array(extent.y_m)[::-1] * up, 0, n_rows).astype(int)
    if right <= left or bottom <= top:
        return None
    part = 1 - _PLAN_STRENGTH * (1 - paper[top:bottom, left:right])
    image = Image.fromarray(np.rint(255 * part).astype(np.uint8))
    image.thumbnail((_LONGEST_PX, _LONGEST_PX))
    packed = io.BytesIO()
    image.quantize(_GREYS).convert("RGB").save(packed, format="WEBP", lossless=True)
    corners = np.array([left / across, right / across, (n_rows - bottom) / up, (n_rows - top) / up])
    return {
        "href": f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode('ascii')}",
        "box": _cm(corners),
    }
