"""A picture of one track on the floor plan: where the phone was, how sure, and the truth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from mtloc_jax.logs.round import Round
from mtloc_jax.predict.outputs import errors
from mtloc_jax.predict.said import Said, begun_ms
from mtloc_jax.predict.survey import Survey
from mtloc_jax.report import style
from mtloc_jax.report.map_panels import draw_plan

_MARGIN_M, _LEAST_M = 8.0, 30.0
_CIRCLES = 24
_FLATTEST = 2.5
_TRUE: style.Line = {"color": "#000000", "linewidth": 1.2, "linestyle": (0, (4, 2))}


def picture(said: Said, log: Round, how: str, survey: Survey | None) -> Figure:
    """Draw a track coloured by time, some circles of its radius, and the truth where it is known.

    how: what located it, in words; raises InputError as `draw_plan`
    """
    off = errors(said, log)
    shown = _limits(said, log)
    tallness = float(np.ptp(shown["ylim"]) / np.ptp(shown["xlim"]))
    title = f"{log.name}: where the phone was"
    drawn = style.figure(title, _caption(said, log, how), 7.2, 6.2 * tallness + 2.2)
    axes = drawn.subplots()
    if survey is not None and survey.plan is not None:
        draw_plan(axes, survey.plan)
    if survey is not None:
        marks_m = np.concatenate([walk.waypoint_xy_m for walk in survey.walks])
        axes.plot(*marks_m.T, ".", color="#BBBBBB", markersize=2.5, label="surveyed", zorder=1)
    _circles(axes, said)
    since_s = (said.t_ms - begun_ms(log)) / 1000
    shade: style.Line = {"c": since_s, "cmap": "viridis", "s": 9, "linewidths": 0, "zorder": 3}
    dots = axes.scatter(*said.xy_m.T, label="located", **shade)
    if off is not None:
        axes.plot(*log.waypoint_xy_m.T, label="true path", zorder=4, **_TRUE)
    axes.set(**shown, xlabel="x (m)", ylabel="y (m)")
    axes.set_aspect("equal")
    told = "time since the log began (s)"
    drawn.colorbar(dots, ax=axes, label=told, location="bottom", aspect=40, shrink=0.8)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    return drawn


def _caption(said: Said, log: Round, how: str) -> str:
    off = errors(said, log)
    told = f"{how} | {len(log.wifi.t_ms)} scans"
    if off is not None and not np.isnan(off.error_m).all():
        told += f" | mean error {np.nanmean(off.error_m):.1f} m"
    if not np.isnan(said.radius_m).all():
        told += "\nCircles: the stated 90 % radius, at times spread evenly."
    return told


def _circles(axes: Axes, said: Said) -> None:
    if not len(said.t_ms) or np.isnan(said.radius_m).all():
        return
    some = np.unique(np.linspace(0, len(said.t_ms) - 1, _CIRCLES).astype(int))
    across_m = 2 * said.radius_m[some]
    circles = EllipseCollection(
        across_m,
        across_m,
        np.zeros(len(some)),
        units="xy",
        offsets=said.xy_m[some],
        offset_transform=axes.transData,
        facecolors="none",
        edgecolors="#0072B2",
        linewidths=0.6,
        alpha=0.35,
        zorder=2,
    )
    axes.add_collection(circles)


def _limits(said: Said, log: Round) -> dict[str, tuple[float, float]]:
    """Return what is shown: the truth, and the track from its first scan on."""
    heard = ~np.isnan(said.scan_age_s)
    kept_m = said.xy_m[heard] if heard.any() else said.xy_m
    xy_m = np.concatenate([kept_m, log.waypoint_xy_m])
    middle_m = (xy_m.min(axis=0) + xy_m.max(axis=0)) / 2
    half_m = np.maximum(np.ptp(xy_m, axis=0) / 2 + _MARGIN_M, _LEAST_M / 2)
    half_m = np.maximum(half_m, half_m.max() / _FLATTEST)  # else the map is a strip or a tower
    low, high = middle_m - half_m, middle_m + half_m
    return {"xlim": (low[0], high[0]), "ylim": (low[1], high[1])}
