"""What a swept study found, as one figure: a line an arm over a number, else dots by variant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.report import bands, style
from mtloc_jax.report.bands import Curve
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.comparison import Line, leading
from mtloc_jax.report.comparison_cells import wiped_words
from mtloc_jax.report.comparison_differences import differences, paired_by_walk
from mtloc_jax.report.comparison_differences import limits as ends
from mtloc_jax.report.comparison_variants import TEST_ROUND, Swept
from mtloc_jax.report.headline import ArmAtRate
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.stats import paired_difference
from mtloc_jax.settings import DECLARED

_SEEDS = "95 % interval of the mean over seeds (none below four)"
_CROSSED = "95 % interval of the mean over test rounds and, from four on, seeds"
_ROUNDS = f"{_SEEDS}; of all test rounds, over these and, from four on, seeds"
_PAIRED = "Arms are compared in pairs (see the tables): where these overlap, they may still differ."
_WALKS = "walks"
_BY_WALK = (
    "Difference to the reference: of the same arm, paired by walk, each walk's mean over seeds, "
    "95 % interval over walks; {} 0: errs less."
)
_DIFFERENCE = "difference to the reference (m)"
_ALL_ROUNDS = "all test rounds"
_LOG_SPAN = 8  # a number whose values span this factor gets a scale of doublings
_LABEL_CHARS, _CAPTION_CHARS = 36, 140
MOST_ROWS, _MOST_TICKS = 60, 16
"""Of more rows nobody reads one; and of some 500, no picture is that high."""
_WIDTH_IN, _LINES_IN, _HEAD_IN, _ARM_IN, _GAP_IN, _WORDS_IN = 10.2, 4.4, 1.5, 0.15, 0.12, 0.19
_BESIDE_IN = 2.6
"""How much wider a figure is with a panel of differences."""

Row = dict[tuple[ArmAtRate, str], np.ndarray]  # arm, wiped modality -> errors f64[S, B], metres


def comparison_figure(
    swept: Swept,
    found: Sequence[Line],
    scope: str,
    provenance: Provenance,
    survey: Survey | None = None,
) -> Figure:
    """Draw the leading arms: over the number that is swept, else a row a variant or test round.

    Beside them, where they are paired by walk, their differences to the reference's arms.
    survey: all training walks, for where "all of them" lies on an axis of walks, and its minutes
    """
    chosen = leading(found)
    shown, left_out = _readable(swept, [line for line in found if line.arm in chosen])
    rows = _rows(swept, shown)
    longest = max(fill(label, _LABEL_CHARS).count("\n") + 1 for label in rows)
    paired = paired_by_walk(shown)
    beside = bool(paired)
    height_in = _HEAD_IN + len(rows) * max(_GAP_IN + _ARM_IN * len(chosen), _WORDS_IN * longest)
    drawn = style.figure(
        provenance.title(f"Comparison: mean test error by {_by(swept)}"),
        f"{scope}\n{fill(_note(swept, beside) + left_out, _CAPTION_CHARS)}",
        _WIDTH_IN + _BESIDE_IN * beside,
        _LINES_IN if swept.number else height_in,
    )
    wiped = list(dict.fromkeys(line.wiped for line in shown))
    # Differences share the rows, or the number, but not the axis of errors.
    panels = drawn.subplots(
        1,
        len(wiped) + beside,
        sharex=bool(swept.number) or not beside,
        sharey=not (swept.number and beside),
        squeeze=False,
    )[0]
    places = _places(swept, rows, survey)
    curves = [_curves(rows, modality, chosen, places) for modality in wiped]
    limits = _limits(drawn, curves)
    draw = _draw_lines if swept.number else _draw_dots
    for axes, modality, by_arm in zip(panels[: len(wiped)], wiped, curves, strict=True):
        axes.set_title((wiped_words(modality) or "nothing wiped") if len(wiped) > 1 else "")
        draw(axes, by_arm, _styles(chosen), limits)
    if beside:
        to_reference = differences(paired, chosen, places)
        draw(panels[-1], to_reference, _styles(chosen), ends(to_reference))
    if swept.number:
        _label_number(panels, swept, places, survey)
    else:
        _label_rows(panels, swept, list(rows))
    if beside:
        _label_differences(panels[-1], swept)
    style.legend(drawn, panels)
    return drawn


def interval(errors_m: np.ndarray) -> tuple[float, float, float]:
    """Return mean and 95 % interval of f64[S, B], as of a difference to 0; infinite for few."""
    found = paired_difference(errors_m, np.zeros_like(errors_m))
    return found.mean_m, found.low_m, found.high_m


def _readable(swept: Swept, shown: Sequence[Line]) -> tuple[Sequence[Line], str]:
    """Return the lines of as many variants as are read one by one, and what is said of the rest."""
    if swept.number or _by(swept) != "variant" or len(swept.contenders) <= MOST_ROWS:
        return shown, ""
    least_m: dict[str, float] = {swept.reference.label: -np.inf}
    for line in shown:
        held_m = least_m.get(line.contender.label, np.inf)
        least_m[line.contender.label] = min(held_m, float(line.mean_m.mean()))
    kept = set(sorted(least_m, key=lambda label: least_m[label])[:MOST_ROWS])
    return [line for line in shown if line.contender.label in kept], (
        f" Of {len(swept.contenders):,} variants: the reference, and the {MOST_ROWS - 1} of which "
        "an arm errs least, which is to be least by luck too; the tables have all."
    )


def _rows(swept: Swept, shown: Sequence[Line]) -> dict[str, Row]:
    """Return what each row of the figure, or each place on its number, holds."""
    rows: dict[str, Row] = {}
    if _by(swept) == "variant":
        for line in shown:
            rows.setdefault(line.contender.label, {})[line.arm, line.wiped] = line.mean_m
        return rows
    for number in swept.test_rounds:
        held = {(line.arm, line.wiped): line.on(number) for line in shown}
        rows[_round_name(number)] = {key: cell for key, cell in held.items() if len(cell)}
    return rows | {_ALL_ROUNDS: {(line.arm, line.wiped): line.mean_m for line in shown}}


def _places(swept: Swept, rows: Mapping[str, Row], survey: Survey | None) -> dict[str, float]:
    """Return where each row stands: at its number, where one is swept."""
    if swept.number is None:
        return {label: float(at) for at, label in enumerate(rows)}
    places = {c.label: float(c.settings[swept.number]) for c in swept.contenders}
    if swept.number != _WALKS:
        return places
    every = survey.walks if survey and survey.walks else 1 + max(places.values())
    return {label: at or float(every) for label, at in places.items()}


def _curves(
    rows: Mapping[str, Row], wiped: str, chosen: Sequence[ArmAtRate], places: Mapping[str, float]
) -> dict[ArmAtRate, Curve]:
    """Return where each arm stands, at each row's place, and its interval."""
    found = {}
    for arm in chosen:
        held = sorted((places[label], row) for label, row in rows.items() if (arm, wiped) in row)
        ends = np.array([interval(row[arm, wiped]) for _, row in held]).reshape(-1, 3)
        found[arm] = Curve(np.array([at for at, _ in held]), *ends.T)
    return found


def _styles(chosen: Sequence[ArmAtRate]) -> dict[ArmAtRate, style.Line]:
    """Return the line of each arm; of two that look alike, the second is open and thinner."""
    styles: dict[ArmAtRate, style.Line] = {}
    for arm in chosen:
        line = style.line(ARMS, arm[0])
        marks = [(of["color"], of["marker"]) for of in styles.values()]
        again = (line["color"], line["marker"]) in marks
        open_marker = {"markerfacecolor": "#FFFFFF", "linewidth": 0.9} if again else {}
        styles[arm] = line | open_marker | {"label": arm_label(*arm)}
    return styles


def _draw_lines(
    axes: Axes,
    by_arm: Mapping[ArmAtRate, Curve],
    styles: Mapping[ArmAtRate, style.Line],
    limits: tuple[float, float],
) -> None:
    axes.set_ylim(*limits)
    for arm, curve in by_arm.items():
        bands.draw(axes, curve, styles[arm])
        bands.name_beyond(axes, curve, limits[1])


def _draw_dots(
    axes: Axes,
    by_arm: Mapping[ArmAtRate, Curve],
    styles: Mapping[ArmAtRate, style.Line],
    limits: tuple[float, float],
) -> None:
    axes.set_xlim(*limits)
    step = 0.7 / len(by_arm)
    for at, (arm, curve) in enumerate(by_arm.items()):
        curve = replace(curve, at=curve.at + (at - (len(by_arm) - 1) / 2) * step)
        bands.draw_dots(axes, curve, styles[arm])
        bands.name_beyond(axes, curve, limits[1], sideways=True)


def _limits(drawn: Figure, curves: Sequence[Mapping[ArmAtRate, Curve]]) -> tuple[float, float]:
    """Return the ends of the error axis, metres; the caption says where one is cut."""
    every = [curve for by_arm in curves for curve in by_arm.values()]
    mean_m, low_m, high_m = (
        np.concatenate([getattr(curve, name) for curve in every])
        for name in ("mean_m", "low_m", "high_m")
    )
    known = np.isfinite(low_m)
    least_m = float(np.min(np.where(known, low_m, mean_m)))
    end_m = style.axis_end(drawn, list(np.where(known, high_m, mean_m)))
    margin_m = 0.06 * max(end_m - least_m, 0.1)
    return max(least_m - margin_m, 0.0), end_m + margin_m


def _label_number(
    panels: np.ndarray, swept: Swept, places: Mapping[str, float], survey: Survey | None
) -> None:
    name = str(swept.number)
    values = sorted(places.values())
    ticks = values[:: -(-len(values) // _MOST_TICKS)]
    if values[0] > 0 and values[-1] / values[0] >= _LOG_SPAN:
        panels[0].set_xscale("log", base=2)
    for axes in panels:
        axes.set_xlabel(_axis_name(name))
        axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
        if name == _WALKS and survey and survey.walks:
            _add_minutes(axes, survey.minutes / survey.walks)
    panels[0].set_ylabel(_error(swept))


def _add_minutes(axes: Axes, minutes_a_walk: float) -> None:
    """Say above an axis of walks how long they take, as walks do on average."""

    def minutes(n_walks: np.ndarray) -> np.ndarray:
        return n_walks * minutes_a_walk

    def n_walks(minutes: np.ndarray) -> np.ndarray:
        return minutes / minutes_a_walk

    above = axes.secondary_xaxis("top", functions=(minutes, n_walks))  # type: ignore[arg-type]
    above.set_xlabel("minutes surveyed, a mean walk each")


def _axis_name(setting: str) -> str:
    if setting not in DECLARED:
        return setting
    unit = DECLARED[setting].unit
    return DECLARED[setting].label + (f" ({unit})" if unit else "")


def _round_name(number: int) -> str:
    return DECLARED[TEST_ROUND].worded(number)


def _label_rows(panels: np.ndarray, swept: Swept, labels: Sequence[str]) -> None:
    many = len(swept.contenders) > 1
    names = {swept.reference.label: f"{swept.reference.label} (reference)"} if many else {}
    words = [fill(names.get(label, label), _LABEL_CHARS) for label in labels]
    panels[0].set(yticks=range(len(labels)), ylim=(len(labels) - 0.5, -0.5))
    panels[0].set_yticklabels(words)
    for axes in panels:
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(_error(swept) if len(panels) == 1 else "mean error (m)")
        for at in range(1, len(labels), 2):
            axes.axhspan(at - 0.5, at + 0.5, color="#F2F4F7", lw=0, zorder=0)
        if labels[-1] == _ALL_ROUNDS:
            axes.axhline(len(labels) - 1.5, color="#000000", lw=0.9)


def _label_differences(axes: Axes, swept: Swept) -> None:
    zero: style.Line = {"color": "#000000", "lw": 0.9}
    if swept.number:
        axes.set_ylabel(_DIFFERENCE)
        axes.axhline(0, **zero)
    else:
        axes.set_xlabel(_DIFFERENCE)
        axes.axvline(0, **zero)


def _by(swept: Swept) -> str:
    rounds_alone = len(swept.contenders) == 1 and len(swept.test_rounds) > 1
    return "test round" if rounds_alone else "variant"


def _error(swept: Swept) -> str:
    n_rounds = len(swept.test_rounds)
    if n_rounds > 1 and _by(swept) == "variant":
        return f"mean error over {n_rounds} test rounds (m)"
    return "mean error on the test round (m)"


def _note(swept: Swept, beside: bool) -> str:
    kind = "Band" if swept.number else "Bars"
    paired = _BY_WALK.format("below" if swept.number else "left of") if beside else _PAIRED
    if len(swept.test_rounds) == 1:
        return f"{kind}: {_SEEDS}. {paired}"
    return f"{kind}: {_ROUNDS if _by(swept) == 'test round' else _CROSSED}. {paired}"
