"""A picture of one track on the floor plan: where the phone was, how sure, and the truth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from mtloc_jax.prediction.located import Located
from mtloc_jax.report import style
from mtloc_jax.report.map_panels import draw_plan

_MARGIN_M, _LEAST_M = 8.0, 30.0
_FLATTEST = 2.5
_CIRCLES = 24
_TRUE: style.Line = {"color": "#000000", "linewidth": 1.2, "linestyle": (0, (4, 2))}


def picture(located: Located) -> Figure:
    """Draw a track coloured by time, some circles of its radius, and the truth where it is known.

    On the floor plan, where its survey has one. Raises InputError where that cannot be read.
    """
    with style.drawing():
        shown = _limits(located)
        tallness = float(np.ptp(shown["ylim"]) / np.ptp(shown["xlim"]))
        title = f"{located.name}: where the phone was"
        drawn = style.figure(title, _caption(located), 7.2, 6.2 * tallness + 2.2)
        axes = drawn.subplots()
        _draw_survey(axes, located)
        _draw_circles(axes, located)
        shade: style.Line = {"c": located.t_s, "cmap": "viridis", "s": 9, "linewidths": 0}
        dots = axes.scatter(*located.xy_m.T, label="located", zorder=3, **shade)
        if located.has_truth:
            axes.plot(*located.log.waypoint_xy_m.T, label="true path", zorder=4, **_TRUE)
        axes.set(**shown, xlabel="x (m)", ylabel="y (m)")
        axes.set_aspect("equal")
        told = "time since the log began (s)"
        drawn.colorbar(dots, ax=axes, label=told, location="bottom", aspect=40, shrink=0.8)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    return drawn


def _caption(located: Located) -> str:
    told = f"{located.how} | {len(located.log.wifi.t_ms)} scans"
    if not np.isnan(located.mean_error_m):
        told += f" | mean error {located.mean_error_m:.1f} m"
    if not np.isnan(located.radius_m).all():
        told += "\nCircles: the 90 % radius, at times spread evenly."
    return told


def _draw_survey(axes: Axes, located: Located) -> None:
    survey = located.survey
    if survey is None:
        return
    if survey.plan is not None:
        draw_plan(axes, survey.plan)
    marks_m = np.concatenate([walk.waypoint_xy_m for walk in survey.walks])
    axes.plot(*marks_m.T, ".", color="#BBBBBB", markersize=2.5, label="surveyed", zorder=1)


def _draw_circles(axes: Axes, located: Located) -> None:
    if np.isnan(located.radius_m).all():
        return
    some = np.unique(np.linspace(0, len(located.t_s) - 1, _CIRCLES).astype(int))
    across_m = 2 * located.radius_m[some]
    circles = EllipseCollection(
        across_m,
        across_m,
        np.zeros(len(some)),
        units="xy",
        offsets=located.xy_m[some],
        offset_transform=axes.transData,
        facecolors="none",
        edgecolors="#0072B2",
        linewidths=0.6,
        alpha=0.35,
        zorder=2,
    )
    axes.add_collection(circles)


def _limits(located: Located) -> dict[str, tuple[float, float]]:
    """Return what is shown: the truth, and the track from its first scan on."""
    heard = located.heard
    kept_m = located.xy_m[heard] if heard.any() else located.xy_m
    xy_m = np.concatenate([kept_m, located.log.waypoint_xy_m])
    middle_m = (xy_m.min(axis=0) + xy_m.max(axis=0)) / 2
    half_m = np.maximum(np.ptp(xy_m, axis=0) / 2 + _MARGIN_M, _LEAST_M / 2)
    half_m = np.maximum(half_m, half_m.max() / _FLATTEST)  # else the map is a strip or a tower
    low, high = middle_m - half_m, middle_m + half_m
    return {"xlim": (low[0], high[0]), "ylim": (low[1], high[1])}
