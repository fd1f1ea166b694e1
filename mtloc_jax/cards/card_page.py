"""A data card on one page: where the walks went, what they hold, and every check's verdict."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.cards import card_statistics, card_words, faults, predictor_errors
from mtloc_jax.cards.card import Card
from mtloc_jax.logs.round import SENSORS, Round
from mtloc_jax.report import style
from mtloc_jax.report.map_panels import draw_plan
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import ranges

SPLIT_COLOURS = {"train": "#0072B2", "validation": "#E69F00", "test": "#D55E00"}
PASS, WARN = "#00664B", "#A33C00"

_SPLIT_LINES: dict[str, style.Line] = {
    "train": {"linewidth": 1.0, "linestyle": "-", "zorder": 4},
    "validation": {"linewidth": 2.8, "linestyle": (0, (3, 1)), "zorder": 3},
    "test": {"linewidth": 4.5, "linestyle": "-", "alpha": 0.7, "zorder": 2},
}
_SENSOR_HATCHES = {"accel": "////", "gyro": "....", "mag": "xxxx"}
_BELOW = -0.24  # of a panel's height: beneath its label
_MARGIN = 0.06  # of the extent, around the walks
_COLUMNS = (0.005, 0.055, 0.185, 0.595)  # verdict, name, number, meaning: share of the width
_MOST_TICKS, _LONGEST_NAMED = 30, 20  # numbers beside bars, characters of them in a legend
_WRAP = (76, 74)  # characters of number and meaning on a line
_CAPTION = "Predictors are fitted on the training rounds; none of them is a network."


def page(card: Card, walks: Sequence[Round], site: Site, plan: FloorPlan | None) -> Figure:
    """Draw the page of `card`, which was made from this site.

    walks: numbered as the site is split
    """
    unit = card.statistics["recording"]["unit"]
    drawn = style.figure(
        f"{card_words.title(card)}, {card_words.outcome(card)}", _CAPTION, 11.0, 10.6
    )
    top, middle, bottom = np.asarray(drawn.subfigures(3, 1, height_ratios=[4.3, 2.4, 3.9]))
    map_axes, text_axes = top.subplots(1, 2, width_ratios=[1.75, 1])
    _draw_walks(map_axes, walks, site, plan, unit)
    _write_statistics(text_axes, card)
    rounds, heard, ages, errors = middle.subplots(1, 4)
    _draw_rounds(rounds, walks, site, unit)
    _draw_access_points(heard, walks)
    _draw_wifi_age(ages, site)
    _draw_errors(errors, site)
    _write_checks(bottom.subplots(), card)
    return drawn


def _draw_walks(
    axes: Axes, walks: Sequence[Round], site: Site, plan: FloorPlan | None, unit: str
) -> None:
    xy_m = np.concatenate([walk.waypoint_xy_m for walk in walks])
    low, high = xy_m.min(axis=0), xy_m.max(axis=0)
    margin = np.maximum(_MARGIN * (high - low), 1.0)
    if plan is not None:
        draw_plan(axes, plan)
    for name, rounds in site.split._asdict().items():
        for at, walk in enumerate(w for w in walks if w.number in rounds):
            label = f"{name} ({_named(rounds, unit)})" if at == 0 else None
            line = {**_SPLIT_LINES[name], "color": SPLIT_COLOURS[name]}
            axes.plot(*walk.waypoint_xy_m.T, **line, label=label)
    axes.set(xlabel="x (m)", ylabel="y (m)")
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    axes.set_aspect("equal")
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=3,
        title="Ground truth",
        alignment="left",
        fontsize=7.5,
    )


def _draw_rounds(axes: Axes, walks: Sequence[Round], site: Site, unit: str) -> None:
    frozen = faults.frozen_s(walks)
    numbers = sorted({walk.number for walk in walks})
    for number in numbers:
        minutes = sum(_minutes(walk) for walk in walks if walk.number == number)
        split = next((n for n, r in site.split._asdict().items() if number in r), None)
        axes.barh(number, minutes, color=SPLIT_COLOURS.get(split or "", "#BBBBBB"), alpha=0.75)
    for number, seconds in frozen.items():
        for row, sensor in enumerate(SENSORS):
            axes.barh(
                number + 0.27 * (row - 1),
                seconds[sensor] / 60,
                height=0.27,
                color="#FFFFFF",
                edgecolor="#000000",
                linewidth=0.6,
                hatch=_SENSOR_HATCHES[sensor],
                label=f"{sensor} frozen",
            )
    if frozen:
        _legend_below(axes)
    axes.set(title=f"Minutes a {unit}", xlabel="minutes", ylabel=unit)
    if len(numbers) <= _MOST_TICKS:
        axes.set(yticks=numbers)
    axes.tick_params(axis="y", labelsize=6.5)
    axes.invert_yaxis()


def _draw_access_points(axes: Axes, walks: Sequence[Round]) -> None:
    counts = card_statistics.entries_a_scan(walks)
    axes.set(title="Access points a scan", xlabel="access points", ylabel="scans")
    if not len(counts):
        return _say(axes, "no WiFi")
    fresh = card_statistics.entries_a_scan(walks, faults.STALE_MS)
    bins = np.linspace(0, counts.max() + 1, min(int(counts.max()) + 2, 25))
    axes.stairs(np.histogram(counts, bins)[0], bins, fill=True, color="#999999", label="listed")
    axes.stairs(
        np.histogram(fresh, bins)[0], bins, color="#0072B2", linewidth=1.4, label="heard within 4 s"
    )
    _legend_below(axes)
    return None


def _draw_wifi_age(axes: Axes, site: Site) -> None:
    axes.set(title="WiFi age at windows", xlabel="s since the scan", ylabel="% of windows")
    for name, colour in SPLIT_COLOURS.items():
        age_ms = site.windows.wifi_age_ms[site.rows(name)]
        held_s = np.sort(age_ms[age_ms >= 0]) / 1000
        if len(held_s):
            share = 100 * np.arange(1, len(held_s) + 1) / len(age_ms)
            line = {"linewidth": 1.4, "linestyle": _SPLIT_LINES[name]["linestyle"]}
            axes.step(held_s, share, where="post", **line, color=colour, label=name)
    if not axes.lines:
        return _say(axes, "no WiFi")
    axes.set_ylim(0, 100)
    _legend_below(axes)
    return None


def _draw_errors(axes: Axes, site: Site) -> None:
    for arm, predict in predictor_errors.shown(site):
        errors_m = predictor_errors.errors_m(site, predict, site.split.train, site.split.test)
        share = 100 * np.arange(1, len(errors_m) + 1) / len(errors_m)
        line = {key: arm.line[key] for key in ("color", "linestyle")}  # a marker a window is a blot
        axes.step(np.sort(errors_m), share, where="post", **line, label=arm.label)
    axes.set(title="Predictors on test", xlabel="error (m)", ylabel="% of windows", ylim=(0, 100))
    axes.set_xlim(left=0)
    _legend_below(axes)


def _legend_below(axes: Axes) -> None:
    """Say below a panel what is in it, where that covers no data."""
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(
        handles.values(),
        handles.keys(),
        loc="upper center",
        bbox_to_anchor=(0.5, _BELOW),
        ncols=2,
        fontsize=6.5,
        columnspacing=1,
    )


def _write_statistics(axes: Axes, card: Card) -> None:
    axes.set_axis_off()
    lines = card_words.key_numbers(card)
    for at, (what, number) in enumerate(lines):
        y = 1.0 - at / max(19, len(lines))
        axes.text(0.0, y, what, transform=axes.transAxes, fontsize=7.4, color="#555555", va="top")
        axes.text(0.31, y, number, transform=axes.transAxes, fontsize=7.4, va="top")


def _write_checks(axes: Axes, card: Card) -> None:
    axes.set_axis_off()
    y = 1.0
    for check in card.checks:
        colour = PASS if check.passed else WARN
        number, meaning = (
            textwrap.fill(text, width)
            for text, width in zip((check.number, check.meaning), _WRAP, strict=True)
        )
        cells = ("pass" if check.passed else "WARN", check.name, number, meaning)
        for x, cell in zip(_COLUMNS, cells, strict=True):
            bold = x <= _COLUMNS[1] and not check.passed
            axes.text(
                x,
                y,
                cell,
                transform=axes.transAxes,
                fontsize=7.6,
                va="top",
                color=colour if x <= _COLUMNS[1] else "#000000",
                fontweight="bold" if bold else "normal",
            )
        y -= (1.25 + max(number.count("\n"), meaning.count("\n"))) / 21


def _named(numbers: Sequence[int], unit: str) -> str:
    """Write 1, 2, 3, 9 as 'rounds 1-3, 9'; of many, how many they are."""
    words, plural = ranges(numbers), unit if len(numbers) == 1 else f"{unit}s"
    return f"{plural} {words}" if len(words) <= _LONGEST_NAMED else f"{len(numbers)} {plural}"


def _minutes(walk: Round) -> float:
    return float(walk.accel.t_ms[-1] - walk.accel.t_ms[0]) / 60_000


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color="#777777")
