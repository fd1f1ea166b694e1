"""What is lost in life, judged beside the shares wiped at random: a table and bars."""

import numpy as np
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
from mtloc_jax.report.headline import held, models
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
_BAR_IN, _GAP_IN, _HEAD_IN = 0.16, 0.12, 1.6


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
    """Draw a group of bars a loss, a bar an arm; None without rows of losses."""
    rows = _by_loss(table)
    if len(rows) < 2:
        return None
    judged = [models(of_loss) for of_loss in rows.values()]
    arms = [arm for arm in judged[0] if all(arm in others for others in judged)]
    caption = "\n".join([provenance.scope(rows[_NOTHING]), _BARS])
    height_in = _HEAD_IN + len(rows) * (len(arms) * _BAR_IN + _GAP_IN)
    drawn = style.figure(provenance.title("Lost in life: mean test error"), caption, 8.0, height_in)
    axes = drawn.subplots()
    for at, arm in enumerate(arms):
        found = [over_seeds(per_seed(of_arm(r, arm), ["mean_m"])[1][:, 0]) for r in rows.values()]
        mean_m, spread_m = np.array(found).T
        places = np.arange(len(rows)) + 0.8 * ((at + 0.5) / len(arms) - 0.5)
        color = style.line(ARMS, arm[0])["color"]
        axes.barh(places, mean_m, 0.8 / len(arms), color=color, label=arm_label(*arm))
        axes.hlines(places, mean_m - spread_m, mean_m + spread_m, color="#777777", lw=1.2)
    axes.set_yticks(range(len(rows)), [_label(name) for name in rows])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    axes.set(xlabel="mean error (m)")
    style.legend(drawn, [axes])
    return drawn


def _by_loss(table: Table) -> dict[str, Table]:
    """Return the test rows of nothing lost, then of each loss in the order of LOSSES."""
    test = select(table, split="test")
    lost = held(LOSSES, of_losses(test)["modality"])
    return {name: select(test, modality=name) for name in (_NOTHING, *lost)}


def _label(name: str) -> str:
    if name == _NOTHING:
        return "nothing"
    return LOSSES[name].label if name in LOSSES else name
