"""How much data a new building needs: error against the share of its training rounds used."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.report import arms, look
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import Table, select
from mtloc_jax.report.summary import over_seeds, per_seed

_METRICS = {"mean_m": "(a) mean error", "median_m": "(b) median error"}
_LABELS = {arms.FINETUNED: "fine-tuned", arms.SCRATCH: "scratch"}
_LEVEL_LABEL = "transferred, all rounds"
_LEVEL_NOTE = "Transferred: the IMU branch stays frozen, the others are trained on all rounds."


@dataclass(frozen=True)
class Curve:
    """Hold one arm's error by share of rounds: shares f64[K]; mean and spread f64[K], metres."""

    shares: np.ndarray
    mean_m: np.ndarray
    spread_m: np.ndarray


def data_demand(table: Table, provenance: Provenance) -> Figure | None:
    """Draw mean and median test error against the share of rounds; None if one share was run."""
    clean = select(table, split="test", modality="none")
    if len(curve(clean, arms.FINETUNED, "mean_m").shares) < 2:
        return None
    title = "Data demand: error against the share of training rounds used"
    caption = f"{provenance.scope(clean)}\n{look.BAND_NOTE}. {_LEVEL_NOTE}"
    drawn = look.figure(provenance.title(title), caption, 9.2, 4.2)
    panels = drawn.subplots(1, 2, sharex=True, sharey=True)
    for axes, (metric, name) in zip(panels, _METRICS.items(), strict=True):
        for arm in _LABELS:
            _draw(axes, curve(clean, arm, metric), arm)
        _draw_level(axes, curve(clean, arms.TRANSFERRED, metric))
        axes.set(title=name, xlabel="training rounds of the new building used (%)", xlim=(0, 104))
    panels[0].set_ylabel("error on the test round (m)")
    _limit(drawn, panels)
    panels[1].legend(loc="upper right")
    return drawn


def curve(clean: Table, arm: str, metric: str) -> Curve:
    """Summarise one arm's `metric` (a column of rows.csv) over seeds, by fine-tune rate."""
    of_arm = select(clean, arm=arm)
    shares = np.unique(of_arm["finetune_rate"])
    cells = [
        over_seeds(per_seed(select(of_arm, finetune_rate=float(share)), [metric])[1][:, 0])
        for share in shares
    ]
    return Curve(shares, *np.array(cells).reshape(-1, 2).T)


def _draw(axes: Axes, found: Curve, arm: str) -> None:
    if not len(found.shares):
        return
    line, percent = look.ARM_LINES[arm], 100 * found.shares
    low_m, high_m = found.mean_m - found.spread_m, found.mean_m + found.spread_m
    axes.fill_between(percent, low_m, high_m, color=line["color"], alpha=0.15, lw=0)
    # Bars repeat the band: a band has no width where an arm was run with one share only.
    axes.vlines(percent, low_m, high_m, color=line["color"], lw=0.8, alpha=0.6)
    axes.plot(percent, found.mean_m, **line, label=_LABELS[arm])


def _draw_level(axes: Axes, found: Curve) -> None:
    line = look.ARM_LINES[arms.TRANSFERRED] | {"marker": "none"}
    for mean_m, spread_m in zip(found.mean_m, found.spread_m, strict=True):
        axes.axhline(mean_m, **line, label=_LEVEL_LABEL)
        if np.isfinite(spread_m):
            axes.axhspan(mean_m - spread_m, mean_m + spread_m, color=line["color"], alpha=0.1, lw=0)


def _limit(drawn: Figure, panels: Sequence[Axes]) -> None:
    points = [p for axes in panels for line in axes.get_lines() for p in _points(line)]
    end_m = look.axis_end(drawn, [y for _, y in points])
    panels[0].set_ylim(0, 1.06 * end_m)
    for axes in panels:
        for line in axes.get_lines():
            for x, y in _points(line):
                if y > panels[0].get_ylim()[1]:
                    _mark_beyond(axes, x, y, end_m)


def _points(line) -> list[tuple[float, float]]:
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def _mark_beyond(axes: Axes, percent: float, error_m: float, end_m: float) -> None:
    axes.annotate(
        f"{error_m:.0f} m ↑", (percent, 1.02 * end_m), ha="left", va="center", fontsize=7.5
    )
