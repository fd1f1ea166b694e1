"""What is lost in life, judged beside the shares wiped at random: a table, and bars or dots."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, arm_label
from mtloc_jax.report import style
from mtloc_jax.report.error_tables import (
    CELL_NOTE,
    KEY_COLUMNS,
    counted_columns,
    keys,
    measured,
    metric_columns,
)
from mtloc_jax.report.headline import ArmAtRate, held, models
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.summary import over_seeds, per_seed, summarise
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.rows import Table, of_arm, of_losses, select
from mtloc_jax.sites.losses import LOSSES

_NOTHING = "none"
_BARS = "bar: mean over seeds, line: ± one standard deviation (none for one seed)"
_HOLDING = (
    "A scan that is not kept is not heard. A kept one is read until the next one, or until it is "
    "as old as said; networks were trained on all scans, held as long as the settings say. What "
    "joins scans over time holds them itself."
)
_DOTS = "dots: means over seeds, of one arm on one line"
_BAR_IN, _GAP_IN, _ROW_IN, _HEAD_IN = 0.16, 0.12, 0.24, 1.6
_MOST_BARS = 6
"""Arms that a group of bars tells apart."""
_MARKS = ("o", "s", "^", "D", "v", "P", "X")


def losses_table(table: Table, provenance: Provenance) -> list[ReportTable]:
    """Return the test errors of the leading arms under each loss, those with nothing lost first."""
    rows = _by_loss(table)
    lines = [
        (*keys("test", name, drop_rate, arm), _label(name), arm_label(*arm), *measured(found))
        for name, of_loss in rows.items()
        for arm in models(of_loss)
        for drop_rate in [float(of_loss["drop_rate"][0])]
        for found in [summarise(of_arm(of_loss, arm))]
    ]
    if len(rows) < 2:
        return []
    columns = (
        *KEY_COLUMNS,
        Column("lost", (), label=True),
        Column("model", (), label=True),
        *metric_columns(),
        *counted_columns(),
    )
    title = provenance.title("Lost in life: test error (m)")
    notes = (CELL_NOTE, _HOLDING, provenance.footer())
    return [ReportTable(title, provenance.scope(rows[_NOTHING]), columns, tuple(lines), notes)]


def losses_figure(table: Table, provenance: Provenance) -> Figure | None:
    """Draw mean errors: a group of bars a loss, or of many arms a line of dots an arm.

    None without rows of losses.
    """
    rows = _by_loss(table)
    if len(rows) < 2:
        return None
    judged = [models(of_loss) for of_loss in rows.values()]
    arms = [arm for arm in judged[0] if all(arm in others for others in judged)]
    many = len(arms) > _MOST_BARS
    caption = "\n".join([provenance.scope(rows[_NOTHING]), _DOTS if many else _BARS])
    inches = len(arms) * _ROW_IN if many else len(rows) * (len(arms) * _BAR_IN + _GAP_IN)
    title = provenance.title("Lost in life: mean test error")
    drawn = style.figure(title, caption, 9.0 if many else 8.0, _HEAD_IN + inches)
    axes = drawn.subplots()
    (_dots if many else _bars)(axes, rows, arms)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    axes.set(xlabel="mean error (m)", xlim=(0, None))
    style.legend(drawn, [axes])
    return drawn


def _bars(axes: Axes, rows: Mapping[str, Table], arms: Sequence[ArmAtRate]) -> None:
    for at, arm in enumerate(arms):
        found = [over_seeds(per_seed(of_arm(r, arm), ["mean_m"])[1][:, 0]) for r in rows.values()]
        mean_m, spread_m = np.array(found).T
        places = np.arange(len(rows)) + 0.8 * ((at + 0.5) / len(arms) - 0.5)
        color = _color(arm)
        axes.barh(places, mean_m, 0.8 / len(arms), color=color, label=arm_label(*arm))
        axes.hlines(places, mean_m - spread_m, mean_m + spread_m, color="#777777", lw=1.2)
    axes.set_yticks(range(len(rows)), [_label(name) for name in rows])


def _dots(axes: Axes, rows: Mapping[str, Table], arms: Sequence[ArmAtRate]) -> None:
    # What lost least lies on top, and is smaller than what it may hide.
    marks: list[style.Line] = [
        {"marker": mark, "markersize": 5.0 + 0.5 * at, "zorder": 3 - at / len(rows)}
        for at, (mark, _) in enumerate(zip(cycle(_MARKS), rows, strict=False))
    ]
    edge: style.Line = {"linestyle": "none", "markeredgecolor": "#000000"}
    for at, arm in enumerate(arms):
        mean_m = [per_seed(of_arm(r, arm), ["mean_m"])[1][:, 0].mean() for r in rows.values()]
        axes.hlines(at, min(mean_m), max(mean_m), color=_color(arm), lw=1.2)
        for x, mark in zip(mean_m, marks, strict=True):
            axes.plot(x, at, color=_color(arm), **edge, **mark)
    for name, mark in zip(rows, marks, strict=True):
        axes.plot([], [], color="#BBBBBB", label=_label(name), **edge, **mark)
    axes.set_yticks(range(len(arms)), [arm_label(*arm) for arm in arms])


def _color(arm: ArmAtRate) -> str:
    return style.line(ARMS, arm[0])["color"]


def _by_loss(table: Table) -> dict[str, Table]:
    """Return the test rows of nothing lost, then of each loss in the order of LOSSES."""
    test = select(table, split="test")
    lost = held(LOSSES, of_losses(test)["modality"])
    return {name: select(test, modality=name) for name in (_NOTHING, *lost)}


def _label(name: str) -> str:
    if name == _NOTHING:
        return "nothing"
    return LOSSES[name].label if name in LOSSES else name
