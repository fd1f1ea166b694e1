"""Curves that a reader of the page may switch on and off: by arm, and by seed.

A section hands them to the page beside the figure that shows them (`Section.live`); without script
the figure alone is there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from mtloc_jax.report.style import Line
from mtloc_jax.report.summary import over_seeds

_MOST_POINTS = 8_000
"""Of all series of a figure: some 40 kB of the page."""
_FEWEST_A_CURVE = 12
_DIGITS = 4
_WIDTH_PX = 2  # of a line: dashes are told in line widths
_DASHES = {"--": (3.7, 1.6), "-.": (6.4, 1.6, 1, 1.6), ":": (1, 1.65)}


@dataclass(frozen=True)
class Series:
    """Hold one curve: of an arm and one of its seeds, or its mean.

    arm:  what tables call it
    seed: None for the mean over seeds
    at, value: f64[K]; a value that is no number is a gap
    line: how the arm is drawn, as Axes.plot takes it
    """

    arm: str
    seed: int | None
    at: np.ndarray
    value: np.ndarray
    line: Line


@dataclass(frozen=True)
class Chart:
    """Hold the curves of one panel.

    at_label, value_label: of the axes, with units
    sideways: whether values lie along x, as errors of a distribution do
    log: whether values stand on a scale of powers of ten
    """

    title: str
    at_label: str
    value_label: str
    series: Sequence[Series]
    sideways: bool = False
    log: bool = False


@dataclass(frozen=True)
class Curves:
    """Hold the panels of a figure whose curves may be switched."""

    charts: Sequence[Chart]

    def plain(self) -> dict[str, Any]:
        """Return what the page's script reads, thinned to what a page may hold."""
        charts = _thinned(self.charts)
        arms: dict[str, Line] = {}
        for one in (one for chart in charts for one in chart.series):
            arms.setdefault(one.arm, one.line)
        places = {name: number for number, name in enumerate(arms)}
        return {
            "kind": "curves",
            "arms": [{"name": name, **_ink(line)} for name, line in arms.items()],
            "panels": [_panel(chart, places) for chart in charts],
        }


def by_seed(
    arm: str, line: Line, at: np.ndarray, seeds: Iterable[int], values: np.ndarray
) -> Iterator[Series]:
    """Yield the mean of an arm's curves f64[S, K], then each of them where there are several."""
    yield Series(arm, None, at, over_seeds(values)[0], line)
    named = list(zip(seeds, values, strict=True))
    for seed, value in named if len(named) > 1 else ():
        yield Series(arm, int(seed), at, value, line)


def _thinned(charts: Sequence[Chart]) -> list[Chart]:
    """Return charts with no more points than a page may hold: coarser curves, then fewer seeds."""
    step = -(-_n_points(charts) // _MOST_POINTS)
    charts = [replace(c, series=[_each(one, step) for one in c.series]) for c in charts]
    seeds = sorted({one.seed for c in charts for one in c.series if one.seed is not None})
    if _n_points(charts) > _MOST_POINTS and seeds:
        shown = {None, *seeds[: max(1, len(seeds) * _MOST_POINTS // _n_points(charts))]}
        charts = [replace(c, series=[s for s in c.series if s.seed in shown]) for c in charts]
    return charts


def _n_points(charts: Sequence[Chart]) -> int:
    return sum(len(one.at) for chart in charts for one in chart.series)


def _each(one: Series, step: int) -> Series:
    """Return every `step`-th point of a curve and its last, as long as some remain."""
    step = max(1, min(step, len(one.at) // _FEWEST_A_CURVE))
    kept = np.unique(np.append(np.arange(0, len(one.at), step), len(one.at) - 1))
    return replace(one, at=one.at[kept], value=one.value[kept])


def _panel(chart: Chart, places: Mapping[str, int]) -> dict[str, Any]:
    """Return a panel as the script reads it; arrays that curves share stand in it once."""
    arrays: dict[tuple[float | None, ...], int] = {}

    def held(values: np.ndarray) -> int:
        return arrays.setdefault(tuple(map(_number, values.tolist())), len(arrays))

    series = [[places[one.arm], one.seed, held(one.at), held(one.value)] for one in chart.series]
    return {
        "title": chart.title,
        "at": chart.at_label,
        "value": chart.value_label,
        "sideways": chart.sideways,
        "log": chart.log,
        "arrays": [list(values) for values in arrays],
        "series": series,
    }


def _number(value: float) -> float | None:
    """Return a number of few digits, an integer where it is one; None of what is no number."""
    if not np.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short


def _ink(line: Line) -> dict[str, str]:
    """Return the colour and dashes of a line, as SVG takes them."""
    style = line.get("linestyle", "-")
    named = _DASHES.get(style, ()) if isinstance(style, str) else style[1]
    dashes = " ".join(f"{_WIDTH_PX * part:g}" for part in named)
    return {"color": to_hex(line["color"]), "dashes": dashes}
